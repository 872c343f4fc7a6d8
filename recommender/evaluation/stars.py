"""How well ratings are predicted."""

import numpy as np

from recommender.evaluation.splits import Split
from recommender.events import EventType
from recommender.ratings import RatingModel


def rating_errors(split: Split) -> dict[str, float] | None:
    """RMSE in stars on the held-out ratings, beside always saying the mean.

    None where there are no ratings on one of the two sides.
    """
    rating = [
        part.where(part.is_type(EventType.RATING) & ~np.isnan(part.rating))
        for part in (split.train, split.test)
    ]
    train, test = rating
    if not len(train) or not len(test):
        return None
    shape = (len(train.shoppers), len(train.products))
    model = RatingModel.fit(train.shopper, train.product, train.rating, shape)
    predicted = model.predict(test.shopper, test.product)
    return {
        "rmse": float(np.sqrt(np.mean((test.rating - predicted) ** 2))),
        "rmse_of_mean": float(np.sqrt(np.mean((test.rating - model.mean) ** 2))),
        "ratings": len(test),
    }
