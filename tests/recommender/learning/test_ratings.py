"""Stars, predicted by a model made for them."""

import numpy as np
import pytest
from builders import a_product, an_event, two_tastes

from recommender.evaluation.splits import split_at, temporal_split
from recommender.evaluation.stars import rating_errors
from recommender.facts.events import EventType
from recommender.learning.interactions import TYPES, EventTable
from recommender.learning.ratings import RatingModel, latest_ratings

STARS = EventType.RATING


def a_rating(user, product_id, stars, days_ago=0.0):
    return an_event(user, product_id, STARS, days_ago=days_ago, rating=stars)


def a_shop(n_ratings=8_000, shoppers=200, products=80, taste=0.0, seed=1):
    """Ratings of shoppers who differ in generosity, products that differ in how liked they are;
    and, as much as `taste` says, in what suits whom."""
    rng = np.random.default_rng(seed)
    pairs = rng.permutation(shoppers * products)[:n_ratings]
    shopper, product = (rows.astype(np.int32) for rows in np.divmod(pairs, products))
    likes, is_like = rng.normal(size=(shoppers, 2)), rng.normal(size=(products, 2))
    stars = (
        3
        + rng.normal(0, 0.5, shoppers)[shopper]
        + rng.normal(0, 0.5, products)[product]
        + taste * (likes[shopper] * is_like[product]).sum(axis=1)
        + rng.normal(0, 0.4, n_ratings)
    )
    return EventTable(
        shoppers=[f"user:{n}" for n in range(shoppers)],
        products=[f"p{n}" for n in range(products)],
        shopper=shopper,
        product=product,
        type=np.full(n_ratings, TYPES.index(STARS), np.uint8),
        at=np.sort(rng.integers(0, 10**10, n_ratings)),
        rating=stars.clip(1, 5).astype(np.float32),
    )


def errors_of(table):
    return rating_errors(temporal_split(table, {p: a_product(p) for p in table.products}, 0.2))


def predicted(events, user, product_id):
    table = EventTable.of(events)
    rows = (
        np.array([table.shoppers.index(f"user:{user}")], np.int32),
        np.array([table.products.index(product_id)], np.int32),
    )
    return RatingModel.fit(table).predict(*rows)[0]


def test_generous_shoppers_and_liked_products_are_known_for_it():
    errors = errors_of(a_shop())
    assert errors["biases"]["rmse"] < 0.7 * errors["mean"]["rmse"]
    assert errors["biases"]["mae"] < 0.7 * errors["mean"]["mae"]


def test_where_tastes_differ_factors_tell_more_than_biases():
    errors = errors_of(a_shop(taste=0.7))
    assert errors["biases + factors"]["rmse"] < 0.8 * errors["biases"]["rmse"]


def test_where_they_do_not_biases_are_left_alone():
    assert not RatingModel.fit(a_shop()).product_factors.size
    errors = errors_of(a_shop())
    assert errors["biases + factors"] == errors["biases"]


@pytest.mark.parametrize("seed", range(4))
def test_in_a_small_shop_factors_do_no_harm(seed):
    errors = errors_of(a_shop(n_ratings=300, shoppers=60, products=40, taste=0.3, seed=seed))
    assert errors["biases + factors"]["rmse"] < 1.02 * errors["biases"]["rmse"]


def test_ratings_of_one_import_that_bear_one_date_can_be_learned_from():
    shop = a_shop(taste=0.7)
    dated = shop.where(np.argsort(shop.shopper))
    dated.at[:] = 0
    assert RatingModel.fit(dated).product_factors.size


def test_the_same_ratings_give_the_same_model():
    first, second = (RatingModel.fit(a_shop(taste=0.7)) for _ in range(2))
    assert np.array_equal(first.shopper_factors, second.shopper_factors)
    assert np.array_equal(first.product_biases, second.product_biases)


def test_who_changes_their_mind_is_believed():
    changed = [a_rating("ann", "mug", 5, days_ago=1), a_rating("ann", "mug", 1, days_ago=9)]
    for events in (changed, changed[::-1]):
        assert latest_ratings(EventTable.of(events)).rating.tolist() == [5]


def test_acts_without_stars_are_no_ratings():
    events = [a_rating("ann", "mug", 4), an_event("ann", "pen", EventType.PURCHASE)]
    assert latest_ratings(EventTable.of(events)).rating.tolist() == [4]


def test_one_rating_is_everybodys():
    events = [a_rating("ann", "mug", 4), an_event("bob", "pen")]
    assert predicted(events, "bob", "pen") == pytest.approx(4)
    assert predicted(events, "ann", "mug") == pytest.approx(4)


def test_where_all_give_the_same_stars_the_same_is_expected():
    events = [a_rating(f"u{n % 20}", f"p{n}", 2, days_ago=n) for n in range(150)]
    assert predicted(events, "u3", "p50") == pytest.approx(2)


def test_predictions_stay_within_one_and_five_stars():
    events = [
        a_rating(f"u{n}", f"p{m}", 5 if n < 10 else 1) for n in range(20) for m in range(20) if m
    ]
    table = EventTable.of([*events, a_rating("u1", "p0", 5), a_rating("u15", "p0", 5)])
    everybody = np.repeat(np.arange(20, dtype=np.int32), 20)
    every_product = np.tile(np.arange(20, dtype=np.int32), 20)
    stars = RatingModel.fit(table).predict(everybody, every_product)
    assert stars.min() >= 1
    assert stars.max() <= 5


def test_without_ratings_there_is_nothing_to_predict():
    catalogue, events = two_tastes(shoppers=120)
    assert rating_errors(temporal_split(EventTable.of(events), catalogue, 0.3)) is None
    early = temporal_split(EventTable.of(events), catalogue, 0.3).cut
    only_before = EventTable.of([*events, a_rating("cook-1", "kitchen-1", 4, days_ago=59)])
    assert rating_errors(split_at(only_before, catalogue, early)) is None
