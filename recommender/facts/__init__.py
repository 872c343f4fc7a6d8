"""What a shop is made of: products, events, requests and their answers. No arrays, no database."""
