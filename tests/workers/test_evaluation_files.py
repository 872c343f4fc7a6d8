"""A shop from files, for an evaluation without a database."""

import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from recommender.facts.errors import InvalidInput
from recommender.facts.events import EventType
from recommender.learning.interactions import TYPES
from recommender.model.features import FeatureSpace
from workers.evaluation_files import read_shop

ROWS = [
    {
        "user_id": "ann",
        "item_id": "mug",
        "event": "purchase",
        "value": 2,
        "timestamp": "2024-05-01",
    },
    {"user_id": "bob", "item_id": "pen", "event": "view", "timestamp": "2024-05-02T10:00:00Z"},
    {
        "user_id": "bob",
        "item_id": "mug",
        "event": "rating",
        "value": 4.5,
        "timestamp": "2024-05-02T12:00:00+02:00",
    },
]


def a_file(folder, rows, name="events.csv"):
    path = folder / name
    if path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows))
    elif path.suffix == ".parquet":
        pd.DataFrame(rows).to_parquet(path)
    else:
        pd.DataFrame(rows).to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path


@pytest.mark.parametrize("name", ["e.csv", "e.tsv", "e.jsonl", "e.parquet"])
def test_the_same_events_in_every_format_are_the_same_events(tmp_path, name):
    table = read_shop(a_file(tmp_path, ROWS, name)).table
    told = [
        (table.shoppers[s], table.products[p], TYPES[t], datetime.fromtimestamp(at / 1000, UTC))
        for s, p, t, at in zip(table.shopper, table.product, table.type, table.at, strict=True)
    ]
    assert told == [
        ("user:ann", "mug", EventType.PURCHASE, datetime(2024, 5, 1, tzinfo=UTC)),
        ("user:bob", "pen", EventType.VIEW, datetime(2024, 5, 2, 10, tzinfo=UTC)),
        ("user:bob", "mug", EventType.RATING, datetime(2024, 5, 2, 10, tzinfo=UTC)),
    ]
    assert np.isnan(table.rating[:2]).all()
    assert table.rating[2] == 4.5


def test_users_and_items_are_all_it_takes(tmp_path):
    shop = read_shop(
        a_file(tmp_path, [{"user_id": 17, "item_id": 4}, {"user_id": 8, "item_id": 3}])
    )
    assert shop.table.shoppers == ["user:17", "user:8"]
    assert shop.table.is_type(EventType.PURCHASE).all()
    assert len(np.unique(shop.table.at)) == 1
    assert not shop.is_test.any()
    assert (shop.orders == -1).all()


def test_a_product_known_by_its_id_alone_has_no_features(tmp_path):
    rows = [{"user_id": "u", "item_id": f"{kind} {n}"} for kind in ("mug", "pen") for n in range(3)]
    shop = read_shop(a_file(tmp_path, rows))
    assert set(shop.products) == {row["item_id"] for row in rows}
    assert len(FeatureSpace.of(list(shop.products.values()))) == 0


def test_products_are_told_with_their_attributes(tmp_path):
    products = [
        {
            "item_id": "mug",
            "name": "Blue mug",
            "category": "Home > Mugs|Gifts",
            "price": "12.5 EUR",
            "tags": "blue|round",
            "colour": "blue",
            "description": "not an attribute",
        },
        {"item_id": "pen", "price": 3.333},
    ]
    for name in ("p.csv", "p.jsonl"):
        shop = read_shop(a_file(tmp_path, ROWS), products=a_file(tmp_path, products, name))
        mug, pen = shop.products["mug"], shop.products["pen"]
        assert mug.categories == ("Home > Mugs", "Gifts")
        assert (str(mug.price), mug.tags) == ("12.50 EUR", ("blue", "round"))
        assert mug.attributes == (("colour", "blue"),)
        assert (pen.name, str(pen.price), pen.attributes) == ("#1", "3.33 XXX", ())


def test_moments_and_lists_of_a_parquet_file_are_understood(tmp_path):
    products = [
        {"item_id": 1, "tags": ["a", "b"], "created_at": pd.Timestamp("2024-01-02"), "size": 4},
        {"item_id": 2, "tags": [], "created_at": None, "size": 5},
    ]
    events = [{"user_id": "ann", "item_id": 1, "timestamp": pd.Timestamp("2024-05-01")}]
    shop = read_shop(
        a_file(tmp_path, events, "e.parquet"), products=a_file(tmp_path, products, "p.parquet")
    )
    one = shop.products["1"]
    assert one.tags == ("a", "b")
    assert one.created_at == datetime(2024, 1, 2, tzinfo=UTC)
    assert one.attributes == (("size", "4"),)
    assert shop.table.at.tolist() == [datetime(2024, 5, 1, tzinfo=UTC).timestamp() * 1000]


def test_the_test_file_comes_after_the_training_file(tmp_path):
    shop = read_shop(
        a_file(tmp_path, ROWS[:2], "train.csv"), a_file(tmp_path, ROWS[2:], "test.jsonl")
    )
    assert shop.is_test.tolist() == [False, False, True]
    assert len(shop.table.products) == 2


def test_orders_are_told_apart_as_far_as_the_file_tells(tmp_path):
    rows = [{**ROWS[0], "order_id": order} for order in ("b", "", "a", "b")]
    orders = read_shop(a_file(tmp_path, rows)).orders
    assert orders.tolist() == [1, -1, 0, 1]
    assert read_shop(a_file(tmp_path, [{**ROWS[0], "order_id": "a"}])).orders.tolist() == [0]


@pytest.mark.parametrize("name", ["e.csv", "e.jsonl"])
@pytest.mark.parametrize(
    ("wrong", "column", "problem"),
    [
        (
            {"event": "teleport"},
            "event",
            "'teleport': must be one of impression, click, view, add_",
        ),
        ({"timestamp": "yesterday"}, "timestamp", "'yesterday': must be a time in ISO 8601"),
        ({"event": "purchase", "value": -1}, "value", "must be a quantity above 0"),
        ({"event": "purchase", "value": "two"}, "value", "'two': must be a number"),
        ({"event": "rating", "value": 7}, "value", "must be 1 to 5 stars"),
        ({"user_id": ""}, "user_id", "must not be empty|not empty"),
        ({"item_id": "x" * 200}, "item_id", "must be 1 to 128 characters, not 200"),
    ],
)
def test_a_cell_that_cannot_be_used_is_told_with_its_place(tmp_path, name, wrong, column, problem):
    path = a_file(tmp_path, [*ROWS, {**ROWS[0], **wrong}], name)
    line = 5 if name == "e.csv" else 4
    message = f"{name}, line {line}, column {column}.*({problem}).*Mend it, or leave the line out"
    with pytest.raises(InvalidInput, match=message):
        read_shop(path)


def test_lines_are_counted_as_an_editor_does(tmp_path):
    path = tmp_path / "e.csv"
    path.write_text('user_id,item_id,note,event\nann,mug,"two\nlines",view\n\nbob,pen,,fly\n')
    with pytest.raises(InvalidInput, match="line 5, column event, value 'fly'"):
        read_shop(path)


def test_a_product_that_cannot_be_used_is_told_with_its_place(tmp_path):
    events = a_file(tmp_path, ROWS)
    for rows, message in (
        ([{"item_id": "mug"}, {"item_id": "mug"}], "line 3, column item_id.*only once"),
        ([{"item_id": "mug", "price": "cheap"}], "line 2, column price, value 'cheap'"),
        ([{"item_id": "mug", "price": -5}], "line 2, column price.*must be 0 to"),
        ([{"name": "mug"}], "has no column item_id"),
    ):
        with pytest.raises(InvalidInput, match=message):
            read_shop(events, products=a_file(tmp_path, rows, "p.csv"))


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    for name, text, message in (
        ("e.txt", "", r"must end in one of \.csv"),
        ("e.csv", "", "cannot be read"),
        ("e.csv", "user_id,item_id\n", "has no events"),
        ("e.csv", "user_id,item_id\nann,mug,view\n", "cannot be read"),
        ("e.csv", "user_id,item_id\nann,mug\nbob,pen,view\n", "Expected 2 fields in line 3"),
        ("e.jsonl", '{"user_id": 1\n', "line 1 is no JSON"),
        ("e.jsonl", "[1]\n", "line 1 is no JSON object"),
        ("e.parquet", "PAR", "cannot be read"),
    ):
        path = tmp_path / name
        path.write_text(text)
        with pytest.raises(InvalidInput, match=message):
            read_shop(path)
    with pytest.raises(InvalidInput, match="does not exist"):
        read_shop(tmp_path / "none.csv")


def test_what_is_said_of_shoppers_belongs_to_them(tmp_path):
    said = [{"user_id": "ann", "country": "France", "age": 30}, {"user_id": "bob", "age": 40}]
    shop = read_shop(a_file(tmp_path, ROWS), shoppers=a_file(tmp_path, said, "shoppers.csv"))
    assert shop.table.shopper_attributes == {
        "user:ann": (("country", "France"), ("age", "30")),
        "user:bob": (("age", "40"),),
    }


def test_a_shopper_comes_only_once(tmp_path):
    said = a_file(tmp_path, [{"user_id": "ann"}, {"user_id": "ann"}], "shoppers.csv")
    with pytest.raises(InvalidInput, match="line 3, column user_id, value 'ann': must be in the"):
        read_shop(a_file(tmp_path, ROWS), shoppers=said)


def test_variants_of_a_product_are_known_by_their_group(tmp_path):
    products = [{"item_id": "mug", "name": "Mug", "item_group_id": "g1"}, {"item_id": "pen"}]
    shop = read_shop(a_file(tmp_path, ROWS), products=a_file(tmp_path, products, "products.csv"))
    assert [shop.products[p].item_group_id for p in ("mug", "pen")] == ["g1", None]
