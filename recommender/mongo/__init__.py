"""What is stored. Documents and indexes are written down once; the API calls them async, the
worker in bulk.
"""
