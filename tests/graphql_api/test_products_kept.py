"""Products are made for the schema once, and never shown as they were."""

from dataclasses import replace

from builders import a_product

from graphql_api import products
from graphql_api.products import Product

BASE = "http://shop.example"


def test_a_product_is_made_once_while_it_does_not_change():
    mug = a_product("mug", url="/mug")
    shown = Product.of(mug, BASE)
    assert Product.of(mug, BASE) is shown
    assert Product.of(replace(mug, name="Better mug"), BASE).name == "Better mug"
    assert Product.of(mug, "http://other.example").url == "http://other.example/mug"


def test_what_is_kept_has_an_end(monkeypatch):
    monkeypatch.setattr(products, "MOST_KEPT", 10)
    monkeypatch.setattr(products, "_MADE", {})
    for n in range(50):
        Product.of(a_product(f"mug-{n}"), BASE)
    assert [place[1] for place in products._MADE] == [f"mug-{n}" for n in range(40, 50)]
