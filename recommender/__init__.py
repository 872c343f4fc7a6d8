"""What we know about recommending. No web framework; no database outside `mongo/`."""
