import gzip
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.progress import Progress

from recommender.facts.catalog import Product
from recommender.facts.errors import InvalidInput, RejectedRow
from recommender.facts.events import Event, EventType
from recommender.facts.money import Money
from recommender.mongo.documents import event_of
from recommender.mongo.products import read_products
from recommender.mongo.shoppers import read_shoppers
from seed.importers.tabular import import_tabular

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
NOON = datetime(2026, 10, 31, 12, tzinfo=UTC)
SHOP = "product_id,name\nmug,Mug\npen,Pen\n"


@pytest.fixture
def bring_in(database, tmp_path):
    """Import files that are given as {name: text}; products* and events* go by their names."""

    def bring_in(files=None, **options):
        for name, content in (files or {}).items():
            path = tmp_path / name
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            options[name.partition(".")[0]] = path
        return import_tabular(database, NOW, rejects=tmp_path / "rejects", **options)

    return bring_in


def events_in(database) -> list[Event]:
    return sorted((event_of(d) for d in database.events.find()), key=lambda e: e.at)


def only_event_in(database) -> Event:
    (event,) = events_in(database)
    return event


def rejects_in(summary) -> list[dict]:
    return [json.loads(line) for line in summary.rejects_file.read_text().splitlines()]


MUG = Product(
    product_id="mug",
    name="Red mug",
    description="Two\nlines",
    brand="Potter",
    categories=("Home > Mugs", "Gifts"),
    tags=("red", "small"),
    attributes=(("colour", "red"), ("colour", "white"), ("size", "S")),
    url="https://shop.example/mug",
    image_url="/media/mug.svg",
    image_alt_text="A mug",
    price=Money(1250, "EUR"),
    compare_at_price=Money(1500, "EUR"),
    available_for_sale=False,
    item_group_id="mugs",
    created_at=NOON,
    updated_at=NOW,
)
MUG_CELLS = {
    "product_id": "mug",
    "name": "Red mug",
    "description": "Two\nlines",
    "brand": "Potter",
    "categories": "Home>Mugs | Gifts",
    "tags": "red, small",
    "attributes.colour": "red|white",
    "attributes.size": "S",
    "url": "https://shop.example/mug",
    "image_url": "/media/mug.svg",
    "image_alt_text": "A mug",
    "price": "12.50",
    "compare_at_price": "15 EUR",
    "currency": "eur",
    "available_for_sale": "no",
    "item_group_id": "mugs",
    "created_at": "2026-10-31T13:00:00.000999+01:00",
}
MUG_OBJECT = {
    **{name: cell for name, cell in MUG_CELLS.items() if not name.startswith("attributes.")},
    "categories": ["Home > Mugs", "Gifts"],
    "tags": ["red", "small"],
    "attributes": {"colour": ["red", "white"], "size": ["S"]},
    "price": 12.5,
    "available_for_sale": False,
}


@pytest.mark.parametrize("ending", ["csv", "tsv", "csv.gz", "jsonl", "ndjson", "jsonl.gz"])
def test_a_product_says_the_same_in_every_kind_of_text(database, bring_in, ending):
    if "json" in ending:
        text = json.dumps(MUG_OBJECT) + "\n"
    else:
        text = pd.DataFrame([MUG_CELLS]).to_csv(index=False, sep="\t" if ending == "tsv" else ",")
    content = text.encode()
    if ending.endswith(".gz"):
        content = gzip.compress(content)
    summary = bring_in({f"products.{ending}": content})
    assert list(read_products(database)) == [MUG]
    assert (summary.products.read, summary.products.created) == (1, 1)


def test_a_product_says_the_same_in_parquet(database, bring_in, tmp_path):
    path = tmp_path / "products.parquet"
    pen = {"product_id": 7, "name": "Pen", "price": 2.55, "created_at": NOON}
    pd.DataFrame([{**MUG_OBJECT, "created_at": NOON}]).to_parquet(path)
    bring_in(products=path)
    pd.DataFrame([pen]).astype({"price": "float32"}).to_parquet(path)
    bring_in(products=path, currency="EUR")
    pen_in_shop, mug_in_shop = read_products(database)
    assert mug_in_shop == MUG
    assert pen_in_shop == Product(
        "7", "Pen", price=Money(255, "EUR"), created_at=NOON, updated_at=NOW
    )


def test_an_event_with_everything_keeps_everything(database, bring_in):
    bring_in(
        {
            "products.csv": SHOP,
            "events.csv": "eventId,Type,user_id,session_id,product_id,at,quantity,unit_price,"
            "currency,order_id,recommendation_id,rank\n"
            "e1,purchase,ann,s1,mug,2026-10-31T12:00:00Z,2,12.50,EUR,o1,r1,3\n",
        }
    )
    assert only_event_in(database) == Event(
        "e1", EventType.PURCHASE, "user:ann", "mug", NOON, NOW, 2, None, Money(1250, "EUR"), "o1",
        "r1", 3,
    )  # fmt: skip


def test_a_time_may_be_written_in_many_ways(database, bring_in):
    ways = ["2026-10-31T12:00:00Z", "2026-10-31 12:00", "2026-10-31T14:00+02:00", "1793448000"]
    ways += ["1793448000.0", "1793448000000", "20261031T120000"]
    rows = "".join(f"view,ann,mug,{way}\n" for way in ways)
    bring_in({"products.csv": SHOP, "events.csv": f"type,user_id,item_id,at\n{rows}"})
    assert [event.at for event in events_in(database)] == [NOON] * len(ways)


def test_the_acts_have_many_names(database, bring_in):
    names = {
        "add-to-cart": EventType.ADD_TO_CART,
        "addtocart": EventType.ADD_TO_CART,
        "cart": EventType.ADD_TO_CART,
        "Page View": EventType.VIEW,
        "transaction": EventType.PURCHASE,
        "buy": EventType.PURCHASE,
        "ORDER": EventType.PURCHASE,
        **{type_.value: type_ for type_ in EventType if type_ is not EventType.RATING},
    }
    rows = "".join(f"{name},s1,mug,{1793448000 + n}\n" for n, name in enumerate(names))
    bring_in({"products.csv": SHOP, "events.csv": f"event,session_id,item_id,timestamp\n{rows}"})
    assert [event.type for event in events_in(database)] == list(names.values())
    assert {event.shopper_id for event in events_in(database)} == {"session:s1"}


def test_the_value_of_a_rating_is_its_stars_and_of_other_events_is_not_read(database, bring_in):
    bring_in(
        {
            "products.csv": SHOP,
            "events.csv": "event,user_id,item_id,at,value\n"
            "rate,ann,mug,1793448000,4\nbuy,ann,mug,1793448001,17 boxes\n",
        }
    )
    rating, purchase = events_in(database)
    assert (rating.rating, purchase.rating) == (4.0, None)


def test_what_a_file_does_not_say_can_be_said_for_all_of_it(database, bring_in):
    bring_in(
        {"products.csv": SHOP, "events.csv": "user_id,product_id,at,price\nann,mug,1793448000,3\n"},
        event_type="buy",
        currency="gbp",
    )
    event = only_event_in(database)
    assert (event.type, event.unit_price) == (EventType.PURCHASE, Money(300, "GBP"))


def test_importing_twice_changes_nothing_even_without_event_ids(database, bring_in):
    files = {
        "products.jsonl": json.dumps(MUG_OBJECT),
        "events.csv": "type,user_id,product_id,at\n" + "view,ann,mug,1793448000\n" * 3,
    }
    first = bring_in(files)
    before = list(database.events.find()), list(database.products.find())
    second = bring_in(files)
    assert (list(database.events.find()), list(database.products.find())) == before
    assert (first.events.recorded, first.events.duplicate) == (3, 0)
    assert (second.events.recorded, second.events.duplicate) == (0, 3)
    assert (second.products.created, second.products.unchanged) == (0, 1)


NO_TIME = (
    "must be a time in ISO 8601, such as 2024-05-01T12:00:00Z, or seconds or milliseconds since "
    "1970, not 'yesterday'"
)
BAD_EVENTS = """\
type,user_id,product_id,at,quantity,note
view,ann,mug,1793448000,1,"two
lines"
view,ann,cup,1793448000,1,
lick,ann,mug,1793448000,1,
view,,mug,1793448000,1,
view,ann,mug,yesterday,1,
view,ann,mug,1793448000,0,
view,ann,mug

rate,ann,mug,1793448000,1,
view,ann,pen,1793448000,1,
"""


def test_each_bad_row_is_told_of_with_its_place_and_kept_for_mending(database, bring_in, tmp_path):
    summary = bring_in({"products.csv": SHOP, "events.csv": BAD_EVENTS})
    file = str(tmp_path / "events.csv")
    told = [(r.file, r.line, r.column, r.value, r.reason) for r in summary.rejections]
    assert told == [
        (file, 4, "product_id", "cup", "no such product"),
        (file, 5, "type", "lick", f"must be one of {', '.join(EventType)}, not 'lick'"),
        (file, 6, "user_id", "", "is missing"),
        (
            file, 7, "at", "yesterday",
            NO_TIME,
        ),
        (file, 8, "quantity", "0", "must be 1 to 1000000, not 0"),
        (file, 9, None, None, "has 3 cells and not 6"),
        (file, 11, None, None, "rating must be 1 to 5 for a rating event"),
    ]  # fmt: skip
    kept = rejects_in(summary)
    assert [(k["file"], k["line"], k["column"], k["value"], k["reason"]) for k in kept] == told
    assert kept[0]["row"] == {
        "type": "view", "user_id": "ann", "product_id": "cup", "at": "1793448000",
        "quantity": "1", "note": "",
    }  # fmt: skip
    assert kept[5]["row"] == ["view", "ann", "mug"]
    assert {e.product_id for e in events_in(database)} == {"mug", "pen"}
    assert (summary.events.read, summary.events.recorded, summary.events.rejected) == (9, 2, 7)
    assert summary.unused_columns == {file: ["note"]}


def test_a_bad_line_of_json_has_its_line_and_a_bad_row_of_parquet_its_number(
    database, bring_in, tmp_path
):
    good = '{"type": "view", "user_id": "ann", "product_id": "mug", "at": 1793448000}'
    lines = ["\ufeff" + good, "", "{", "[1]", good.replace('"mug"', "true")]
    summary = bring_in({"products.csv": SHOP, "events.jsonl": "\n".join(lines)})
    assert [(r.line, r.column, r.value) for r in summary.rejections] == [
        (3, None, None), (4, None, None), (5, "product_id", True),
    ]  # fmt: skip
    path = tmp_path / "events.parquet"
    pd.DataFrame(
        {"type": "view", "user_id": ["ann", None], "product_id": "pen", "at": [NOON, NOON]}
    ).to_parquet(path)
    (rejection,) = bring_in(events=path).rejections
    assert (rejection.line, rejection.column, rejection.reason) == (2, "user_id", "is missing")


def test_a_product_that_comes_twice_and_one_in_other_letters_than_utf8_are_rejected(
    database, bring_in
):
    products = SHOP.encode() + b"mug,Cup\ncaf\xe9,Coffee\ncafe,Caf\xe9\n"
    summary = bring_in({"products.csv": products})
    assert [(r.line, r.column, r.reason) for r in summary.rejections] == [
        (4, "product_id", "is in line 2 already"),
        (5, "product_id", "has characters that are not UTF-8; save the file as UTF-8"),
        (6, "name", "has characters that are not UTF-8; save the file as UTF-8"),
    ]
    assert str(summary.rejections[2]).endswith(
        "column 'name', value 'Café': has characters that are not UTF-8; save the file as UTF-8"
    )
    assert [r["value"] for r in rejects_in(summary)] == ["mug", "café", "Café"]
    assert [p.name for p in read_products(database)] == ["Mug", "Pen"]
    assert (summary.products.read, summary.products.rejected) == (5, 3)


def test_a_quote_left_open_costs_only_its_own_rows(database, bring_in):
    summary = bring_in({"products.csv": SHOP + 'cup,"Cup" big\nbag,Bag\nhat,"Hat\n'})
    assert [r.line for r in summary.rejections] == [4, 6]
    assert [p.product_id for p in read_products(database)] == ["bag", "mug", "pen"]


def test_strict_stops_at_the_first_bad_row(database, bring_in, tmp_path):
    with pytest.raises(RejectedRow) as caught:
        bring_in({"products.csv": SHOP, "events.csv": BAD_EVENTS}, strict=True)
    assert str(caught.value) == (
        f"{tmp_path / 'events.csv'}, line 4, column 'product_id', value 'cup': no such product"
    )
    assert caught.value.args[0].line == 4
    assert [e.product_id for e in events_in(database)] == ["mug"]


def test_strict_brings_in_no_events_after_a_bad_product(database, bring_in):
    events = "type,user_id,product_id,at\nview,ann,mug,1793448000\n"
    with pytest.raises(RejectedRow, match="column 'name', value '': is missing"):
        bring_in({"products.csv": SHOP + "cup,\nbag,Bag\n", "events.csv": events}, strict=True)
    assert [p.product_id for p in read_products(database)] == ["mug", "pen"]
    assert events_in(database) == []


def test_columns_can_be_mapped_for_both_files_or_for_one(database, bring_in):
    files = {
        "products.csv": "code,label,Farbe\nmug,Mug,rot\n",
        "events.csv": "who,code,item,at\nann,x,mug,1793448000\n",
    }
    rules = "products.product_id=code name=label attributes.colour=Farbe user_id=who "
    bring_in(files, mapping=[*rules.split(), "events.product_id=item"], event_type="view")
    assert only_event_in(database).product_id == "mug"
    (mug,) = read_products(database)
    assert (mug.name, mug.attributes) == ("Mug", (("colour", "rot"),))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("colour=name", "names a field 'colour' that there is not: products have product_id, name"),
        (
            "brand=maker",
            r"names a column 'maker' that there is not: .*products\.csv has product_id",
        ),
        ("events.at=when", "is about a file that is not given: pass --events FILE"),
        ("brand", "must look like product_id=sku"),
        ("=name", "must look like product_id=sku"),
    ],
)
def test_a_map_that_names_nothing_says_what_there_is(database, bring_in, rule, message):
    with pytest.raises(InvalidInput, match=rf"--map {rule} {message}"):
        bring_in({"products.csv": SHOP}, mapping=[rule])
    assert list(read_products(database)) == []


def test_a_field_is_in_one_column_of_a_table(database, bring_in):
    files = {"products.csv": "code,item,name\nmug,7,Mug\n"}
    rules = ["product_id=code", "products.product_id=item"]
    with pytest.raises(
        InvalidInput,
        match=r"--map products\.product_id=item is a second column for product_id of the products, "
        "after code. Name one of them",
    ):
        bring_in(files, mapping=rules)
    assert list(read_products(database)) == []
    bring_in(files, mapping=[rules[0], rules[0]])
    assert [p.product_id for p in read_products(database)] == ["mug"]


def test_a_rule_may_be_meant_for_one_file_and_the_next_for_the_other(database, bring_in):
    events = "type,user_id,item,at\nview,ann,mug,1793448000\n"
    bring_in(
        {"products.csv": "code,name\nmug,Mug\n", "events.csv": events},
        mapping=["product_id=code", "product_id=item"],
    )
    assert only_event_in(database).product_id == "mug"


def test_files_without_rows_are_told_of(bring_in):
    summary = bring_in({"products.csv": "product_id,name\n"})
    assert summary.empty
    console = Console(file=StringIO(), width=250)
    console.print(summary)
    assert "products.csv has no rows below its header" in console.file.getvalue()
    assert not bring_in({"products.csv": SHOP}).empty


@pytest.mark.parametrize("price", ["1,50", "1,50 EUR", "1,234.50"])
def test_a_decimal_comma_is_told_of_with_what_to_do(bring_in, price):
    (rejection,) = bring_in(
        {"products.csv": f"product_id;name;price\nmug;Mug;{price}\n"}, currency="EUR"
    ).rejections
    assert (rejection.column, rejection.value) == ("price", price)
    assert rejection.reason == (
        f"must be a decimal number such as 12.50, not {price.removesuffix(' EUR')!r}: "
        "write it with a point and without commas"
    )


@pytest.mark.parametrize(
    ("files", "options", "message"),
    [
        ({}, {}, "--products FILE, --events FILE or --shoppers FILE must be given"),
        ({"products.csv": "a,b\n"}, {}, r"has no column for product_id\. Its columns are: a, b"),
        ({"products.csv": ""}, {}, "has no header"),
        ({"products.csv": "a,a\n"}, {}, "has more than one column 'a'"),
        ({"products.csv": b"\xff\xfea\n"}, {}, "has a header that is not UTF-8"),
        ({"products.xls": ""}, {}, r"must end in one of \.csv, "),
        (
            {"products.parquet": "a,b"},
            {},
            r"cannot be read: .*[^.]\. Is the file whole, and is it of the kind that its ending",
        ),
        ({"products.csv.gz": "a,b"}, {}, "cannot be read"),
        ({"products.csv": SHOP}, {"event_type": "lick"}, "--event-type must be one of"),
        (
            {"products.csv": SHOP},
            {"currency": "euros"},
            "--currency must be three letters such as EUR, not 'euros'",
        ),
        ({"products.csv": SHOP}, {"events": Path("gone.csv")}, r"gone\.csv does not exist"),
        ({"products.csv": SHOP, "events.csv": "user_id,product_id,at\n"}, {}, "no column for type"),
        (
            {"products.csv": SHOP, "events.csv": "type,product_id,at\n"},
            {},
            "no column for user_id or session_id",
        ),
    ],
)
def test_a_file_or_an_option_that_cannot_be_used_is_refused_before_anything_is_written(
    database, bring_in, files, options, message
):
    with pytest.raises(InvalidInput, match=message):
        bring_in(files, **options)
    assert list(read_products(database)) == []


ONE_VIEW = {"events.csv": "type,user_id,product_id,at\nview,ann,mug,1793448000\n"}


def test_events_wait_for_a_catalogue(database, bring_in):
    with pytest.raises(InvalidInput, match=r"the catalogue is empty.*--create-products"):
        bring_in(ONE_VIEW)
    bring_in({"products.csv": SHOP})
    assert bring_in(ONE_VIEW, products=None).events.recorded == 1


def test_bare_products_are_made_for_events_if_that_is_wanted(database, bring_in):
    summary = bring_in(ONE_VIEW, create_products=True)
    assert [(p.product_id, p.name) for p in read_products(database)] == [("mug", "mug")]
    assert (summary.products.created, summary.events.recorded) == (1, 1)
    assert bring_in(ONE_VIEW, create_products=True).products.created == 0


@pytest.mark.parametrize(
    ("price", "column", "reason"),
    [
        ("3", "price", "has no currency: add a column currency, write 12.50 EUR, or pass"),
        ("3.123 EUR", "price", "has more digits after the point than EUR has"),
        ("dear", "price", "has no currency"),
        ("-1 EUR", "price", "must be 0 "),
    ],
)
def test_a_price_that_is_none_is_told_of(database, bring_in, price, column, reason):
    (rejection,) = bring_in(
        {"products.csv": f"product_id,name,price\nmug,Mug,{price}\n"}
    ).rejections
    assert (rejection.column, rejection.value) == (column, price)
    assert rejection.reason.startswith(reason)


def test_the_summary_can_be_shown_and_its_brackets_are_no_markup(database, bring_in):
    console = Console(file=StringIO(), width=250)
    with Progress(console=console) as progress:
        summary = bring_in(
            {"products.csv": SHOP + "[red]x,\n", "events.csv": BAD_EVENTS}, progress=progress
        )
        assert all(task.finished for task in progress.tasks)
    console.print(summary)
    shown = console.file.getvalue()
    assert "column 'name', value '': is missing" in shown
    assert "not used: note" in shown
    counts = json.loads(json.dumps(summary.as_dict()))
    assert counts["products"]["rejected"] == 1
    assert len(counts["rejections"]) == 8


CELLS = st.sampled_from(
    ["", " ", "view", "buy", "ann", "mug", "pen", "cup", "1793448000", "now", "3", "-1", '"', "é\n"]
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    good=st.lists(st.sampled_from(["view,ann,mug,1793448000,1", "buy,bob,pen,1793448000,2"])),
    bad=st.lists(st.lists(CELLS, min_size=1, max_size=6).map(",".join)),
    order=st.randoms(use_true_random=False),
)
def test_every_row_of_any_table_is_in_exactly_one_count(database, bring_in, good, bad, order):
    rows = good + bad
    order.shuffle(rows)
    text = "\n".join(["type,user_id,product_id,at,quantity", *rows])
    counts = bring_in({"products.csv": SHOP, "events.csv": text}).events
    assert counts.read == counts.recorded + counts.duplicate + counts.rejected
    if not any('"' in row for row in bad):
        assert counts.recorded + counts.duplicate >= len(good)
    stored = database.events.count_documents({})
    again = bring_in({"events.csv": text}).events
    assert again == replace(counts, recorded=0, duplicate=counts.recorded + counts.duplicate)
    assert database.events.count_documents({}) == stored


def said_in(database):
    return {s.shopper_id: s.attributes for s in read_shoppers(database)}


def test_every_column_of_the_shoppers_that_is_no_id_is_an_attribute(database, bring_in):
    shoppers = "Customer ID,Country,interests,age\nann,France,tea|mugs,40\nbob,,,\n"
    summary = bring_in({"shoppers.csv": shoppers})
    assert said_in(database) == {
        "user:ann": (
            ("Country", "France"), ("interests", "tea"), ("interests", "mugs"), ("age", "40"),
        ),
        "user:bob": (),
    }  # fmt: skip
    assert (summary.shoppers.read, summary.shoppers.created) == (2, 2)
    assert summary.unused_columns == {}
    assert not summary.empty


def test_shoppers_say_the_same_in_every_kind_of_file(database, bring_in, tmp_path):
    ann = {"session_id": "ann", "vip": True, "spent": 12.5, "since": date(2026, 1, 31)}
    path = tmp_path / "shoppers.parquet"
    pd.DataFrame([ann]).to_parquet(path)
    bring_in(shoppers=path)
    wanted = {"session:ann": (("vip", "true"), ("spent", "12.5"), ("since", "2026-01-31"))}
    assert said_in(database) == wanted
    told = {"session_id": "ann", "attributes": {"vip": "true", "spent": "12.5"}}
    summary = bring_in({"shoppers.jsonl": json.dumps({**told, "since": "2026-01-31"})})
    assert said_in(database) == wanted
    assert summary.shoppers.unchanged == 1


def test_importing_shoppers_twice_changes_nothing(database, bring_in):
    shoppers = {"shoppers.csv": "kunde,country\nann,France\nbob,Italy\n"}
    bring_in(shoppers, mapping=["user_id=kunde"])
    before = said_in(database)
    summary = bring_in(shoppers, mapping=["shoppers.user_id=kunde"])
    assert (summary.shoppers.created, summary.shoppers.unchanged) == (0, 2)
    assert said_in(database) == before
    assert before["user:ann"] == (("country", "France"),)


def test_a_bad_shopper_is_told_of_and_the_others_go_in(database, bring_in):
    rows = f"user_id,country\n,France\nann,{'x' * 201}\nbob,Italy\nbob,France\n"
    summary = bring_in({"shoppers.csv": rows})
    assert said_in(database) == {"user:bob": (("country", "Italy"),)}
    assert [(r.line, r.column, r.reason) for r in summary.rejections] == [
        (2, "user_id", "is missing"),
        (3, None, "attributes must be at most 200 characters, not 201"),
        (5, "user_id", "is in line 4 already"),
    ]
    assert (summary.shoppers.read, summary.shoppers.rejected) == (4, 3)
    assert len(rejects_in(summary)) == 3
    console = Console(file=StringIO(), width=250)
    console.print(summary)
    assert "shoppers" in console.file.getvalue()


def test_shoppers_without_an_id_are_refused(database, bring_in):
    with pytest.raises(InvalidInput, match="no column for user_id or session_id"):
        bring_in({"shoppers.csv": "name,country\nann,France\n"})
