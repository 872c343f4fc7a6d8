"""Events and products -> a trained model. Never imported by the API."""
