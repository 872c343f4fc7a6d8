"""What the shop's own data say: what changes, where shoppers stop, what they buy together."""
