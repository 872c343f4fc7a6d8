"""How good is a model on events it has not seen?"""
