"""The generated shop is one that could be real, and the same every time."""

import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from recommender.facts.catalog import category_levels
from seed.shop import NEW_PRODUCTS_FOR, products
from seed.shop_words import BRANDS, COLOURS, COLOURS_OF_MATERIALS, LEAF_NUMBERS, LEAVES, MATERIALS

OPENED = datetime(2024, 6, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def shop():
    return list(products(opened=OPENED))


def test_the_same_seed_gives_the_same_shop(shop):
    assert list(products(opened=OPENED)) == shop
    assert list(products(2, 50, opened=OPENED)) != shop[:50]


def test_a_small_shop_is_the_beginning_of_a_large_one(shop):
    assert list(products(count=50, opened=OPENED)) == shop[:50]


def test_the_first_product_does_not_wait_for_the_last():
    assert next(products(count=10**12, opened=OPENED)).name


def test_every_product_has_its_own_id(shop):
    assert len({product.product_id for product in shop}) == len(shop) == 2_400


def test_names_tell_products_apart(shop):
    repeated = [name for name, times in Counter(p.name for p in shop).items() if times > 1]
    assert len(repeated) < len(shop) / 100


def test_there_are_departments_to_walk_through(shop):
    levels = [category_levels(product.categories[0]) for product in shop]
    assert len({department for _, department, _ in levels}) == 12
    assert len({leaf for _, _, leaf in levels}) == len(LEAVES)


def test_brands_are_at_home_somewhere(shop):
    shelves = defaultdict(set)
    for product in shop:
        shelves[product.brand].add(product.categories[0])
    assert len(shelves) > 30
    assert max(len(paths) for paths in shelves.values()) < len(LEAVES) / 3


def test_prices_belong_to_their_shelf(shop):
    of_shelf = defaultdict(list)
    for product in shop:
        of_shelf[product.categories[0]].append(product.price.amount)
    for leaf in LEAVES:
        middle = sorted(of_shelf[leaf.path])[len(of_shelf[leaf.path]) // 2]
        assert leaf.euros / 2.5 < middle < leaf.euros * 2.5, leaf.path


def test_some_products_are_reduced_and_few_are_not_for_sale(shop):
    reduced = [product for product in shop if product.compare_at_price]
    assert all(product.compare_at_price.amount > product.price.amount for product in reduced)
    assert 0.05 < len(reduced) / len(shop) < 0.25
    assert 0.01 < sum(not product.available_for_sale for product in shop) / len(shop) < 0.06


def test_variants_differ_only_in_colour_and_size(shop):
    groups = defaultdict(list)
    for product in shop:
        if product.item_group_id:
            groups[product.item_group_id].append(product)
    assert len(groups) > 300
    # The last group may have been cut off by the count.
    for variants in list(groups.values())[:-1]:
        assert len(variants) > 1
        assert len({(p.brand, p.description, p.categories, p.created_at) for p in variants}) == 1
        assert len({p.attributes for p in variants}) == len(variants)


def test_descriptions_are_two_to_four_sentences_and_vary(shop):
    for product in shop:
        assert 2 <= len(re.findall(r"[.!?](?= |$)", product.description)) <= 4
        assert "{" not in product.description + product.name
    assert len({product.description for product in shop}) > 1_000


def test_new_products_arrive_up_to_the_end_of_the_first_year(shop):
    end = OPENED + NEW_PRODUCTS_FOR
    assert all(OPENED <= product.created_at <= end for product in shop)
    assert sum(product.created_at > end - timedelta(days=21) for product in shop) > 10


def test_the_words_know_one_another():
    assert len(LEAF_NUMBERS) == len(LEAVES), "shelves are known by name"
    places = {leaf.name for leaf in LEAVES} | {leaf.department for leaf in LEAVES}
    assert all(set(brand.sells) <= places for brand in BRANDS)
    for leaf in LEAVES:
        assert leaf.brands, leaf.name
        assert leaf.goes_with, leaf.name
        assert set(leaf.materials) <= set(MATERIALS), leaf.name
        assert set(leaf.goes_with) <= set(LEAF_NUMBERS), leaf.name
        assert set(leaf.colours) <= set(COLOURS), leaf.name
    assert {c for colours in COLOURS_OF_MATERIALS.values() for c in colours} <= set(COLOURS)
