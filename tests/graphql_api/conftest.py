"""The API over a shop with two tastes and a model that knows them."""

import pytest
from builders import CARD, NOW, stock, trained_on, two_tastes

from recommender.mongo.models import publish, put_in_service

SHOP = two_tastes()
MODEL = trained_on(*SHOP)


@pytest.fixture
def shop(database):
    """In the database before the API starts."""
    catalogue, events = SHOP
    stock(database, list(catalogue.values()), events)
    publish(
        database,
        MODEL,
        **CARD,
    )
    put_in_service(database, "v1", NOW)
    return catalogue
