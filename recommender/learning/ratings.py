"""A model made for ratings: what the average is, how generous a shopper, how liked a product, and
how well the two suit each other.

LightFM ranks; it does not predict stars.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.facts.events import HIGHEST_RATING, LOWEST_RATING
from recommender.facts.ids import Rows
from recommender.learning.interactions import EventTable

SHRINKAGES = (5.0, 2.0, 15.0, 50.0)
"""A bias counts as if there were one of these many more ratings, all of them average. The first
where there are too few ratings to choose by."""
REGULARISATIONS = (0.05, 0.1, 0.17)
"""Of the factors, for each rating of a shopper or product and FURTHER_RATINGS more."""
FURTHER_RATINGS = 10
"""Without these, who rated few products had factors that were wilder than true: the error was 0.870
stars instead of 0.858 for a million made-up ratings of 100 000 shoppers, and the same for fewer."""
FACTORS = (8, 16)
"""Numbers of factors that are tried, beside none."""
SWEEPS = 6
"""Of each alternation: after as many, the error hardly moves."""

FEWEST_TO_CHOOSE_BY = 100
"""Ratings below which nothing is chosen: biases alone, shrunk as usual."""
MOST_TO_CHOOSE_BY = 1_000_000
"""Ratings that are chosen by; those of a random sample of shoppers where there are more."""
HELD_OUT_SHARE = 0.15
"""The latest of the training ratings, on which the choices are judged."""
BEYOND_CHANCE = 2.0
"""Standard errors by which factors must beat biases on them."""

AT_A_TIME = 5_000
"""Shoppers (or products) whose equations are in memory together."""

Numbers = NDArray[np.float64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RatingModel:
    """rating = mean + shopper's bias + product's bias + shopper's factors times product's.

    Equation 4 of Koren, Bell, Volinsky 2009, "Matrix factorization techniques for recommender
    systems". Whom or what training has not seen has no bias and no factors.
    """

    mean: float
    shopper_biases: Numbers
    """(n_shoppers,) stars"""
    product_biases: Numbers
    """(n_products,) stars"""
    shopper_factors: Floats
    """(n_shoppers, n_factors)"""
    product_factors: Floats
    """(n_products, n_factors)"""

    @classmethod
    def fit(cls, table: EventTable, *, with_factors: bool = True, seed: int = 1) -> "RatingModel":
        """Learn from the ratings among the events; of several for one pair, the latest.

        How much biases are shrunk, how many factors there are and how they are held back is chosen
        on the latest of the ratings; there are factors only if they beat biases beyond chance.

        Args:
            table: at least one rating; rows of the model are rows of the table.
            with_factors: whether factors may be learned at all.
            seed: of the factors' start, and of the sample that is chosen by.
        """
        ratings = latest_ratings(table)
        shrinkage, factors = SHRINKAGES[0], None
        if len(ratings) >= FEWEST_TO_CHOOSE_BY:
            shrinkage, factors = _choose(ratings, with_factors, seed)
        model = _with_biases(ratings, shrinkage)
        return model if factors is None else _with_factors(model, ratings, *factors, seed)

    def predict(self, shoppers: Rows, products: Rows) -> Numbers:
        """(n,) stars from 1 to 5, of each shopper for the product in the same place."""
        suits = np.einsum(
            "nf,nf->n", self.shopper_factors[shoppers], self.product_factors[products]
        )
        biases = self.shopper_biases[shoppers] + self.product_biases[products]
        predicted: Numbers = self.mean + biases + suits
        return predicted.clip(LOWEST_RATING, HIGHEST_RATING)


def latest_ratings(table: EventTable) -> EventTable:
    """The ratings among the events in the order of time, one for each shopper and product."""
    ratings = table.where(~np.isnan(table.rating))
    ratings = ratings.where(np.argsort(ratings.at, kind="stable"))
    pair = ratings.shopper.astype(np.int64) * len(table.products) + ratings.product
    _, from_the_end = np.unique(pair[::-1], return_index=True)
    return ratings.where(np.sort(len(pair) - 1 - from_the_end))


def _choose(
    ratings: EventTable, with_factors: bool, seed: int
) -> tuple[float, tuple[int, float] | None]:
    """Shrinkage of the biases; number and regularisation of the factors, or None."""
    earlier, later = _cut(ratings, np.random.default_rng(seed))

    def errors(model: RatingModel) -> Numbers:
        squared: Numbers = np.square(later.rating - model.predict(later.shopper, later.product))
        return squared

    shrunk = {shrinkage: _with_biases(earlier, shrinkage) for shrinkage in SHRINKAGES}
    shrinkage = min(shrunk, key=lambda tried: float(errors(shrunk[tried]).mean()))
    if not with_factors:
        return shrinkage, None
    of_biases = errors(shrunk[shrinkage])

    def of(count: int, strength: float) -> Numbers:
        return errors(_with_factors(shrunk[shrinkage], earlier, count, strength, seed))

    of_factors = {(FACTORS[0], strength): of(FACTORS[0], strength) for strength in REGULARISATIONS}

    def best() -> tuple[int, float]:
        return min(of_factors, key=lambda tried: float(of_factors[tried].mean()))

    _, strength = best()
    # The first number of factors finds the regularisation of all: it hardly depends on it.
    of_factors |= {(count, strength): of(count, strength) for count in FACTORS[1:]}
    gain = of_biases - of_factors[best()]
    wins = gain.mean() > BEYOND_CHANCE * gain.std() / np.sqrt(len(gain))
    return shrinkage, best() if wins else None


def _cut(ratings: EventTable, rng: np.random.Generator) -> tuple[EventTable, EventTable]:
    """The earlier and the later ratings; of one time, such as all of an import, at random.

    Where there are too many, all those of a random sample of shoppers.
    """
    if (share := MOST_TO_CHOOSE_BY / len(ratings)) < 1:
        ratings = ratings.where((rng.random(len(ratings.shoppers)) < share)[ratings.shopper])
    order = np.lexsort((rng.random(len(ratings)), ratings.at))
    cut = round(len(order) * (1 - HELD_OUT_SHARE))
    return ratings.where(order[:cut]), ratings.where(order[cut:])


def _with_biases(ratings: EventTable, shrinkage: float) -> RatingModel:
    """Least squares with shrinkage, one side at a time."""
    shoppers, products, stars = ratings.shopper, ratings.product, ratings.rating
    mean = float(stars.mean(dtype=np.float64))
    of_shopper, of_product = np.zeros(len(ratings.shoppers)), np.zeros(len(ratings.products))

    def shrunk(rest: Numbers, rows: Rows, length: int) -> Numbers:
        sums = np.bincount(rows, rest, minlength=length)
        return sums / (np.bincount(rows, minlength=length) + shrinkage)

    for _ in range(SWEEPS):
        of_product = shrunk(stars - mean - of_shopper[shoppers], products, len(of_product))
        of_shopper = shrunk(stars - mean - of_product[products], shoppers, len(of_shopper))
    return RatingModel(
        mean,
        of_shopper,
        of_product,
        shopper_factors=np.zeros((len(of_shopper), 0), np.float32),
        product_factors=np.zeros((len(of_product), 0), np.float32),
    )


def _with_factors(
    biases: RatingModel,
    ratings: EventTable,
    count: int,
    regularisation: float,
    seed: int,
) -> RatingModel:
    """Factors of what the biases leave unexplained, by alternating least squares.

    Regularised by the number of ratings (Zhou, Wilkinson, Schreiber, Pan 2008, "Large-scale
    parallel collaborative filtering for the Netflix prize") and FURTHER_RATINGS.
    """
    shoppers, products = ratings.shopper, ratings.product
    rest = ratings.rating - biases.mean
    rest -= biases.shopper_biases[shoppers] + biases.product_biases[products]
    shape = (len(ratings.shoppers), len(ratings.products))
    of_shoppers = sparse.csr_matrix((rest.astype(np.float32), (shoppers, products)), shape=shape)
    of_products = of_shoppers.T.tocsr()
    start = np.random.default_rng(seed).normal(0, 0.1, (shape[1], count))
    product_factors, shopper_factors = start.astype(np.float32), np.zeros(0, np.float32)
    for _ in range(SWEEPS):
        shopper_factors = _solved(of_shoppers, product_factors, regularisation)
        product_factors = _solved(of_products, shopper_factors, regularisation)
    return replace(biases, shopper_factors=shopper_factors, product_factors=product_factors)


def _solved(rest: sparse.csr_matrix, others: Floats, regularisation: float) -> Floats:
    """(n_rows, n_factors) least squares of each row of `rest` on the others' factors."""
    count = others.shape[1]
    upper = np.triu_indices(count)
    products = others[:, upper[0]] * others[:, upper[1]]
    ratings = np.diff(rest.indptr)
    there = rest.copy()
    there.data = np.ones_like(rest.data)
    targets = rest @ others
    solved = np.zeros((rest.shape[0], count), np.float32)
    known = np.flatnonzero(ratings)
    for start in range(0, len(known), AT_A_TIME):
        rows = known[start : start + AT_A_TIME]
        # Every row's sum of f f' in one sparse product, of which the upper half is enough.
        sums = there[rows] @ products
        squares = np.empty((len(rows), count, count), np.float32)
        squares[:, upper[0], upper[1]] = sums
        squares[:, upper[1], upper[0]] = sums
        diagonal = np.arange(count)
        counted = ratings[rows, None] + FURTHER_RATINGS
        squares[:, diagonal, diagonal] += np.float32(regularisation) * counted
        solved[rows] = np.linalg.solve(squares, targets[rows, :, None])[:, :, 0]
    return solved
