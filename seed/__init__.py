"""A demo shop, and other shops' data."""
