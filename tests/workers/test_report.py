"""The page that tells how the shop is doing."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import numpy as np
import pytest
from builders import CARD, NOW, a_product, an_event, environment, stock, trained_on, two_tastes
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from recommender.facts.events import EventType
from recommender.facts.insights import Granularity, Range, Totals
from recommender.facts.money import Money
from recommender.insights.acts import ActTable
from recommender.insights.shop import ShopInsights
from recommender.mongo.models import ModelCard, publish, put_in_service
from workers.__main__ import app
from workers.insights import Period
from workers.report import Findings, _Buckets, find, page, report
from workers.report_plots import Line, look, over_time, versions

TOMORROW = NOW + timedelta(days=1)
HOSTILE = "<script>alert('$x_1$')</script>\x0b \u202e\N{PILE OF POO}"
CURVE = {"mean": [0.1] * 20, "low": [0.05] * 20, "high": [0.2] * 20}
MEASURED = {
    **CARD,
    "metrics": {
        "our engine": {"ndcg@10": 0.1, "coverage@10": 0.5},
        "popularity": {"ndcg@10": 0.05, "coverage@10": 0.1},
    },
    "curves": {
        name: {"precision": CURVE, "recall": CURVE, "ndcg": CURVE}
        for name in ("our engine", "popularity")
    },
}


class Page(HTMLParser):
    """A page, taken apart."""

    VOID = ("meta", "link", "br")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        assert self.open == [], "something is not closed"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    def alts(self):
        return [svg["aria-label"] or "" for svg in self.all("svg")]


def check_whole_in_itself(html: str) -> Page:
    """What holds of every report."""
    found = Page(html)
    assert html.startswith("<!doctype html>")
    assert [h["lang"] for h in found.all("html")] == ["en"]
    assert len(found.all("h1")) == len(found.all("title")) == 1
    assert not found.all("script")
    assert not found.all("img")
    policy = next(m["content"] for m in found.all("meta") if "http-equiv" in m) or ""
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for _, attributes in found.tags:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("href", "src", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:,"))
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = [a["href"] for t, a in found.tags if (a.get("href") or "").startswith("#")]
    assert {(target or "").removeprefix("#") for target in targets} <= set(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", html)) <= set(ids)
    assert len(found.all("caption")) == len(found.all("table"))
    assert all(svg.get("role") == "img" and svg.get("aria-label") for svg in found.all("svg"))
    # The shop's colours, and not matplotlib's, so that it can be dark.
    assert not re.findall(r'(?:fill|stroke)="#(?!000000|ffffff)', html)
    assert len(html) < 3_000_000
    return found


@pytest.fixture
def shop(database):
    """A catalogue with a hostile name, two models, lists that earned something."""
    catalogue, events = two_tastes()
    catalogue["kitchen-0"] = a_product(
        "kitchen-0", name=HOSTILE, categories=(f"Home > {HOSTILE}",), available_for_sale=False
    )
    more = [an_event(f"v{n}", "kitchen-0", EventType.VIEW, n / 10) for n in range(10)]
    more += [
        an_event(
            f"b{n}", product, EventType.PURCHASE, 1, order_id=f"o{n}",
            unit_price=Money.of("9.50", "EUR"), recommendation_id="l1" if n == 0 else None,
        )
        for n in range(30)
        for product in (("kitchen-0", "kitchen-1") if n % 2 else ("kitchen-0",))
    ]  # fmt: skip
    more += [an_event("b0", "kitchen-0", t, 1, recommendation_id="l1")
             for t in (EventType.IMPRESSION, EventType.CLICK)]  # fmt: skip
    stock(database, list(catalogue.values()), events + more)
    at = NOW - timedelta(days=1, minutes=5)
    database["lists"].insert_one(
        {
            "_id": "l1", "shopper_id": "user:b0", "placement": "home", "strategy": "personalized",
            "at": at, "expires_at": at + timedelta(days=3650), "scores": [1.0],
            "products": ["kitchen-0"], "model_version": "v2",
        }
    )  # fmt: skip
    old = {k: v for k, v in MEASURED.items() if k != "curves"}
    publish(database, trained_on(catalogue, events, "v1"), **old)
    publish(database, trained_on(catalogue, events, "v2"), **MEASURED)
    put_in_service(database, "v2", NOW)


def test_the_page_says_what_is_known_of_the_shop(shop, settings):
    found = check_whole_in_itself(report(settings, Period(28), TOMORROW))
    alts = "\n".join(found.alts())
    # 200 purchases of the two tastes, and 45 more: 30 of one product, 15 of another.
    assert "view: 10 in all; purchase: 245 in all" in alts
    assert "428 EUR in all" in alts
    assert "clicks: 1 in all; added to cart: 0 in all; purchases: 1 in all" in alts
    assert "9.50 EUR in all" in alts
    assert "our engine 0.100 (0.050 to 0.200)" in alts
    assert "precision of our engine at 20: 0.100" in alts
    assert "our engine 50.0%; popularity 10.0%" in alts
    for text in ("427.50", "100.0 %", "v2 (in service)"):
        assert text in found.text


def test_names_are_shown_as_they_are_and_never_carried_out(shop, settings):
    html = report(settings, Period(28), TOMORROW)
    found = check_whole_in_itself(html)
    assert "<script" not in html
    assert "<script>alert('$x_1$')</script>" in found.text
    assert "&lt;script&gt;alert" in html


def test_a_shop_with_nothing_in_it_is_told_so_in_every_section(database, settings):
    found = check_whole_in_itself(report(settings, Period(28), NOW))
    sections = len(found.all("section"))
    assert sections == 10
    said = [a for a in found.all("p") if a.get("class") == "none"]
    assert len(said) == sections
    assert not found.all("svg")
    assert not found.all("table")


def test_a_shop_whose_products_have_no_categories_is_told_so(database, settings):
    stock(database, [a_product("mug")], [an_event("ann", "mug")])
    found = check_whole_in_itself(report(settings, Period(28), NOW))
    assert "No product that was acted on has a category." in found.text


def test_the_same_shop_gives_the_same_page(shop, settings):
    assert report(settings, Period(28), TOMORROW) == report(settings, Period(28), TOMORROW)


def test_days_are_taken_from_the_newest_event(shop, settings):
    found = find(settings, Period(7), NOW + timedelta(days=400))
    assert found.insights.within == Range(
        datetime(2026, 10, 26, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
    )


moments = st.lists(st.floats(0, 700), min_size=1, max_size=50)


@given(moments)
def test_no_span_of_a_line_is_cut_short_and_none_of_its_events_is_lost(days_ago):
    end = NOW + timedelta(hours=1)
    acts = ActTable.of([an_event("ann", "mug", days_ago=d) for d in days_ago])
    span = Range(end - timedelta(days=730), end)
    buckets = _Buckets.of(a_finding(acts, span))
    spans = np.diff([*(s.timestamp() for s in buckets.starts), end.timestamp()]) / 86_400
    assert set(np.round(spans, 6)) <= {1.0, 7.0, 28.0}
    assert len(set(np.round(spans, 6))) == 1
    first = buckets.starts[0]
    inside = sum(first <= NOW - timedelta(days=d) < end for d in days_ago)
    # Of what lies before the first whole span, there is less than a span.
    assert buckets.count(np.ones(len(acts), bool)).sum() == inside
    assert first - timedelta(days=spans[0]) <= NOW - timedelta(days=max(days_ago))


def a_finding(acts: ActTable, span: Range) -> Findings:
    return Findings(
        shop="shop",
        now=NOW,
        insights=ShopInsights(span, acts, {}),
        history=acts,
        span=span,
        products={},
        cards=[],
        in_service=None,
        earned=[],
        totals=Totals(),
        by_placement={},
        series={},
        step=Granularity.DAY,
        places={},
    )


def test_a_page_needs_no_database():
    acts = ActTable.of([an_event("ann", "mug")])
    span = Range(NOW - timedelta(days=28), NOW + timedelta(days=1))
    check_whole_in_itself(page(a_finding(acts, span)))


def test_the_command_writes_the_page(shop, settings, tmp_path, monkeypatch):
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "folder" / "report.html"
    ran = CliRunner().invoke(app, ["report", "--out", str(path)])
    assert ran.exit_code == 0, ran.output
    check_whole_in_itself(path.read_text("utf-8"))


def test_a_single_day_is_shown_as_a_day_and_not_lost_among_years():
    with look():
        line = Line("clicks", np.array([3.0]))
        plot = over_time("n", "Clicks, per day", "3 clicks.", [NOW], [line], "clicks")
    years = set(re.findall(r"\b20\d\d\b", re.sub("<[^>]*>", " ", plot.svg)))
    assert years <= {str(NOW.year)}


def test_models_of_one_day_are_told_apart_by_the_hour():
    cards = [
        ModelCard(f"v{n}", NOW + timedelta(hours=n), digest="", bytes=0, **MEASURED) for n in (1, 2)
    ]
    with look():
        plot = versions("n", "Quality", cards, "ndcg", 10)
    assert all(f"{card.trained_at:%H:%M}" in plot.svg for card in cards)
