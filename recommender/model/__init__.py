"""What training leaves behind and serving reads: values made of arrays."""
