"""What the shop's data say, as files."""

import csv
import json
from datetime import UTC, datetime, timedelta

import pytest
from builders import NOW, a_product, an_event, environment, stock
from typer.testing import CliRunner

from recommender.facts.errors import InvalidInput
from recommender.facts.events import EventType
from recommender.facts.money import Money
from workers.__main__ import app
from workers.insights import Period, run, write

HOSTILE = '=HYPERLINK("http://evil.example","win")'


@pytest.fixture
def shop(database):
    """Thirty shoppers buy two things this month that nobody bought the month before."""
    stock(
        database,
        [a_product("mug", name=HOSTILE, categories=("Home",)), a_product("rug"), a_product("pen")],
        [
            an_event(
                f"u{n}", product, EventType.PURCHASE, days, unit_price=Money.of("9.50", "EUR"),
                recommendation_id="l1" if n == 0 else None,
            )
            for n in range(30)
            for product, days in (("mug", 1), ("rug", 1), ("pen", 40))
        ],
    )  # fmt: skip
    at = NOW - timedelta(days=1, minutes=5)
    database["lists"].insert_one(
        {
            "_id": "l1", "shopper_id": "user:u0", "placement": "home", "strategy": "personalized",
            "at": at, "expires_at": at + timedelta(days=3650), "products": ["mug"], "scores": [1.0],
        }
    )  # fmt: skip


def test_a_period_ends_with_the_day_of_the_newest_event(shop, database):
    within = Period(28).within(database, NOW + timedelta(days=500))
    assert within.end == datetime(2026, 11, 1, tzinfo=UTC)
    assert within.end - within.start == timedelta(days=28)


def test_a_clock_that_is_ahead_does_not_move_the_period_into_the_future(shop, database):
    within = Period(28).within(database, NOW - timedelta(days=20))
    assert within.end == datetime(2026, 10, 13, tzinfo=UTC)


@pytest.mark.parametrize(("days", "until"), [(0, None), (28, "yesterday"), (28, "9999-12-31")])
def test_a_period_that_is_none_is_refused(days, until):
    with pytest.raises(InvalidInput):
        Period.read(days, until)


def test_files_of_json_have_every_table_with_what_is_known(shop, settings, tmp_path):
    within, tables = run(settings, Period(28), NOW + timedelta(days=1))
    [path] = write(tables, within, tmp_path / "out", "json")
    said = json.loads(path.read_text("utf-8"))
    assert (said["from"], said["to"]) == ("2026-10-04T00:00:00+00:00", "2026-11-01T00:00:00+00:00")
    assert said["sales"] == [{"currency": "EUR", "sales": "570.00"}]
    assert {row["product_id"]: row["shoppers"] for row in said["rising_products"]} == {
        "mug": 30,
        "rug": 30,
    }
    assert [row["product_id"] for row in said["falling_products"]] == ["pen"]
    [earned] = said["earned"]
    assert (earned["purchases"], earned["revenue_EUR"]) == (1, "9.50")
    assert said["earned_by_placement"][0]["placement"] == "home"
    assert set(said) >= {
        *("events", "rising_categories", "funnel", "funnel_by_category", "funnel_by_price"),
        *("baskets", "basket_values", "bought_together", "repeat_purchases"),
        *("wanted_out_of_stock", "earned_by_strategy", "earned_by_model"),
    }


def test_no_name_becomes_a_formula_in_a_spreadsheet(shop, settings, tmp_path):
    within, tables = run(settings, Period(28), NOW + timedelta(days=1))
    written = write(tables, within, tmp_path, "csv")
    assert len(written) == len(tables)
    with (tmp_path / "rising-products.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == ["'" + HOSTILE, "Rug"]
    assert rows[0]["change"] == ""


def test_an_empty_shop_writes_tables_without_rows(settings, database, tmp_path):
    within, tables = run(settings, Period(28), NOW)
    write(tables, within, tmp_path, "csv")
    assert (tmp_path / "rising-products.csv").read_text("utf-8").count("\n") == 1


def test_the_command_says_what_it_wrote(shop, settings, tmp_path, monkeypatch):
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    ran = CliRunner().invoke(app, ["insights", "--out", str(tmp_path / "out")])
    assert ran.exit_code == 0, ran.output
    assert (tmp_path / "out" / "insights.json").exists()
    assert "insights.json" in ran.output
    assert CliRunner().invoke(app, ["insights", "--out", "x", "--days", "0"]).exit_code == 1
