"""Commands that run beside the API: retrain, recommend."""
