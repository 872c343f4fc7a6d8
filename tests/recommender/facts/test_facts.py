"""Facts check themselves, and say what is wrong and what would be right."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from builders import NOW, a_product, an_event
from hypothesis import given
from hypothesis import strategies as st

from recommender.facts.catalog import category_levels
from recommender.facts.errors import InvalidInput, InvalidSetting
from recommender.facts.events import EventType, shopper_of_session, shopper_of_user
from recommender.facts.money import Money
from recommender.model.features import FeatureSpace
from recommender.settings import Settings

texts = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"event_id": ""}, "event_id must be 1 to 128 characters, not empty"),
        ({"event_id": "x" * 129}, "event_id must be 1 to 128 characters, not 129"),
        ({"event_id": "a\nb"}, "event_id must have no control characters"),
        ({"quantity": 0}, "quantity must be 1 to 1000000, not 0"),
        ({"rank": 0}, "rank must be 1 to 10000, not 0"),
        ({"rating": 4.0}, "rating belongs to rating events, not to view events"),
        ({"at": datetime(2020, 1, 1)}, "at must be in UTC"),  # noqa: DTZ001
        ({"at": datetime(1960, 1, 1, tzinfo=UTC)}, "at must be a date after 1970"),
        ({"at": NOW + timedelta(days=3), "received_at": NOW}, "at must not lie in the future"),
    ],
)
def test_an_event_that_cannot_be_is_refused(change, message):
    with pytest.raises(InvalidInput, match=message):
        an_event("ann", "mug", **change)


def test_a_rating_needs_its_stars():
    with pytest.raises(InvalidInput, match="rating must be 1 to 5 for a rating event"):
        an_event("ann", "mug", EventType.RATING)
    with pytest.raises(InvalidInput, match="rating must be 1 to 5, not 6"):
        an_event("ann", "mug", EventType.RATING, rating=6)


def test_a_user_and_a_session_of_the_same_name_are_two_shoppers():
    assert shopper_of_user("7") != shopper_of_session("7")


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "//evil.example/x", "ftp://a/b", "data:text/html,x", "http:"]
)
def test_a_product_links_to_web_pages_only(address):
    with pytest.raises(InvalidInput, match=r"must be an http\(s\) address"):
        a_product("mug", url=address)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "  "}, "name must not be empty"),
        ({"name": "x" * 501}, "name must be at most 500 characters, not 501"),
        ({"tags": ("",)}, "tags must not have an empty entry"),
        ({"tags": ("x",) * 101}, "tags must be at most 100, not 101"),
        ({"compare_at_price": Money.of(1, "GBP")}, "compare_at_price must be in EUR"),
    ],
)
def test_a_product_that_cannot_be_is_refused(change, message):
    with pytest.raises(InvalidInput, match=message):
        a_product("mug", **change)


@given(st.decimals(0, 10**9, places=2))
def test_money_keeps_every_cent(amount):
    assert Money.of(str(amount), "EUR").amount == amount


@pytest.mark.parametrize("amount", ["1.234", "-1", "NaN", "Infinity", "1e400", "free", ""])
def test_what_is_no_price_is_refused(amount):
    with pytest.raises(InvalidInput):
        Money.of(amount, "EUR")


@pytest.mark.parametrize(
    "amount",
    ["1e300000", "-1e300000", "1e999999", "1e-99999999", "9" * 100_000, "0." + "9" * 100_000],
    ids=lambda amount: amount[:12],
)
def test_a_price_beyond_all_bounds_is_refused_at_once(amount):
    start = time.process_time()
    with pytest.raises(InvalidInput) as refused:
        Money.of(amount, "EUR")
    assert time.process_time() - start < 0.2
    assert len(str(refused.value)) < 150


def test_no_digit_of_a_price_is_dropped_unseen():
    with pytest.raises(InvalidInput, match="more digits after the point than EUR has"):
        Money.of("1.23" + "0" * 30 + "1", "EUR")
    with pytest.raises(
        InvalidInput, match=r"must be 0 to 90071992547409\.91, not 1000000000000000"
    ):
        Money.of("1e15", "EUR")


def test_currencies_have_the_digits_they_have():
    assert Money.of("500", "JPY").minor_units == 500
    assert Money.of("1.234", "KWD").amount == Decimal("1.234")
    with pytest.raises(InvalidInput, match="three capital letters"):
        Money.of("1", "euro")


def test_category_paths_are_read_from_the_root():
    assert category_levels("Home>Kitchen > Mugs")[-1] == "Home > Kitchen > Mugs"


@given(st.lists(st.lists(texts, max_size=4), min_size=1, max_size=8))
def test_features_of_a_product_have_length_one_or_there_are_none(names):
    products = [a_product(str(n), name=" ".join(words) or "x") for n, words in enumerate(names)]
    space = FeatureSpace.of(products)
    for product in products:
        rows, values = space.describe(product)
        assert len(rows) == len(set(rows.tolist()))
        assert not len(values) or float(values @ values) == pytest.approx(1, abs=1e-5)
    again = FeatureSpace.from_json(space.to_json())
    assert again.names == space.names


def test_features_of_one_product_or_of_nearly_all_are_not_worth_having():
    space = FeatureSpace.of(
        [a_product(str(n), name=f"mug of shape number {n}", brand=f"b{n % 3}") for n in range(9)]
    )
    assert "word:mug" not in space.names
    assert "brand:b0" in space.names


def test_settings_come_from_what_is_given_and_have_defaults():
    settings = Settings.read({"LEASE_SECONDS": "1", "PORT": "9000"})
    assert settings.lease_seconds == 1
    assert settings.base_url == "http://127.0.0.1:9000"
    assert settings.mongodb_uri == ""


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"PORT": "many"}, "PORT='many'"),
        ({"HELD_OUT_SHARE": "1.5"}, "HELD_OUT_SHARE='1.5'"),
        ({"LONGEST_SHELF": "0"}, "LONGEST_SHELF='0'"),
        ({"MONGODB_DATABASE": "a/b"}, "MONGODB_DATABASE='a/b'"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL='loud'"),
        ({"PUBLIC_URL": "shop.example"}, "PUBLIC_URL='shop.example'.*an http"),
        ({"PUBLIC_URL": "ftp://shop.example"}, "PUBLIC_URL='ftp://shop.example'"),
        ({"PUBLIC_URL": "https:///path"}, "PUBLIC_URL='https:///path'"),
        ({"LEASE_SECONDS": "nan"}, "LEASE_SECONDS='nan'"),
        ({"LEASE_SECONDS": "inf"}, "LEASE_SECONDS='inf'"),
        ({"LEASE_SECONDS": "0.5"}, "LEASE_SECONDS='0.5'"),
        ({"POLL_SECONDS": "1e-9"}, "POLL_SECONDS='1e-9'"),
        ({"POLL_SECONDS": "inf"}, "POLL_SECONDS='inf'"),
        ({"MONGODB_TIMEOUT_SECONDS": "1e9"}, "MONGODB_TIMEOUT_SECONDS='1e9'"),
        ({"HELD_OUT_SHARE": "nan"}, "HELD_OUT_SHARE='nan'"),
        ({"RETRAIN_WINDOW_DAYS": "999999999"}, "RETRAIN_WINDOW_DAYS='999999999'"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_its_value(given_, message):
    with pytest.raises(InvalidSetting, match=message):
        Settings.read(given_)


@pytest.mark.parametrize(
    ("given_", "address"),
    [
        ({"HOST": "0.0.0.0"}, "http://127.0.0.1:8000"),
        ({"HOST": "::"}, "http://[::1]:8000"),
        ({"HOST": "fd00::7", "PORT": "80"}, "http://[fd00::7]:80"),
        ({"HOST": "shop.local"}, "http://shop.local:8000"),
        ({"HOST": "0.0.0.0", "PUBLIC_URL": "https://a.example/b/"}, "https://a.example/b"),
    ],
)
def test_pictures_have_an_address_that_can_be_opened(given_, address):
    assert Settings.read(given_).base_url == address


def test_settings_come_from_the_environment_and_the_env_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("PORT=8123\nLEASE_SECONDS=7\n")
    monkeypatch.setenv("LEASE_SECONDS", "9")
    settings = Settings.read()
    assert (settings.port, settings.lease_seconds) == (8123, 9)
