"""The door for shops: translate, call the recommender, translate back."""
