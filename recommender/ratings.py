"""A model made for ratings: what the average is, how generous a shopper, how liked a product.

LightFM ranks; it does not predict stars. Biases alone do that better (Koren, Bell, Volinsky 2009,
"Matrix factorization techniques for recommender systems", equation 3).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.ids import Rows

SWEEPS = 10
SHRINKAGE = 5.0
"""A bias counts as if there were this many more ratings, all of them average."""


@dataclass(frozen=True, slots=True)
class RatingModel:
    """rating = mean + shopper's bias + product's bias."""

    mean: float
    shopper_biases: NDArray[np.float64]
    product_biases: NDArray[np.float64]

    @classmethod
    def fit(
        cls,
        shoppers: Rows,
        products: Rows,
        ratings: NDArray[np.float32],
        shape: tuple[int, int],
    ) -> "RatingModel":
        """Least squares with shrinkage, one side at a time.

        Args:
            shoppers: (n_ratings,) rows.
            products: (n_ratings,) rows.
            ratings: (n_ratings,) stars, at least one.
            shape: how many shoppers and products there are.
        """
        mean = float(ratings.mean())
        of_shopper, of_product = np.zeros(shape[0]), np.zeros(shape[1])
        for _ in range(SWEEPS):
            of_product = _shrunk(ratings - mean - of_shopper[shoppers], products, shape[1])
            of_shopper = _shrunk(ratings - mean - of_product[products], shoppers, shape[0])
        return cls(mean, of_shopper, of_product)

    def predict(self, shoppers: Rows, products: Rows) -> NDArray[np.float64]:
        """(n,) stars from 1 to 5."""
        predicted = self.mean + self.shopper_biases[shoppers] + self.product_biases[products]
        return predicted.clip(1, 5)


def _shrunk(rest: NDArray[np.floating], rows: Rows, length: int) -> NDArray[np.float64]:
    sums = np.bincount(rows, rest, minlength=length)
    return sums / (np.bincount(rows, minlength=length) + SHRINKAGE)
