"""A trained model and a request -> a full shelf with reasons."""
