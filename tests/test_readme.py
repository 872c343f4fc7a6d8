"""The README stays true."""

import asyncio
import json
import re
import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from builders import a_product, serving, stock, until

from recommender.facts.events import WEIGHTS, EventType
from recommender.settings import Settings
from seed import shop, shoppers
from seed.demo import WARM_UP

README = Path("README.md").read_text()
SHELVES = Path("docs/shelves-and-filters.md").read_text() + Path("docs/lists.md").read_text()
QUERIES = re.findall(r"```graphql\n(.*?)```", README + SHELVES, re.DOTALL)
TOLD = re.findall(
    r"```graphql\n(.*?)```", Path("docs/events-and-catalogue.md").read_text(), re.DOTALL
)
CURLS = re.findall(r"^curl .*$", README, re.MULTILINE)


@pytest.fixture
def demo(database):
    """The products that the README names."""
    stock(database, [a_product(p) for p in ("mug-00059", "pan-00001", "lamp-00002")])


def test_every_setting_is_in_the_readme_with_its_default():
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", README, re.MULTILINE))
    defaults = {}
    for name, field in Settings.model_fields.items():
        value = field.default
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        defaults[name.upper()] = f"`{shown}`" if value not in (None, "") else "none"
    assert rows == defaults


def test_the_readme_has_queries_to_paste():
    assert len(QUERIES) >= 4
    assert len(CURLS) >= 2


async def test_every_query_of_the_readme_works_as_it_is(demo, settings):
    async with serving(settings) as api:
        for query in QUERIES:
            answer = (await api.post("/graphql", json={"query": query})).json()
            assert "errors" not in answer, (query, answer)
            assert None not in answer["data"].values()
            assert '"userErrors": [{' not in json.dumps(answer)


async def test_what_a_shop_is_told_to_send_works_as_it_is(database, settings):
    async with serving(settings) as api:
        for query in TOLD:
            answer = (await api.post("/graphql", json={"query": query})).json()
            assert "errors" not in answer, (query, answer)
            assert '"userErrors": [{' not in json.dumps(answer), (query, answer)
            await until(lambda: follows(database, api))


async def follows(database, api):
    """Whether the API knows of all products by now."""
    known = (
        await api.post("/graphql", json={"query": "{ products(first: 1) { totalCount } }"})
    ).json()
    return known["data"]["products"]["totalCount"] == database["products"].count_documents({})


async def test_every_curl_of_the_readme_works_as_it_is(demo, settings):
    async with serving(settings) as api:
        for line in CURLS:
            command = shlex.split(line.replace("http://127.0.0.1:8000", str(api.base_url)))

            done = await asyncio.to_thread(
                subprocess.run, [*command, "-f"], capture_output=True, text=True, check=True
            )
            assert json.loads(done.stdout)


def test_every_link_of_the_readme_leads_somewhere():
    for document in [Path("README.md"), *Path("docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
            if not target.startswith("http"):
                assert (document.parent / target).exists(), f"{document}: {target}"


def test_every_weight_is_in_the_documents():
    data = Path("docs/data.md").read_text()
    for type_, weight in WEIGHTS.items():
        [row] = [line for line in data.splitlines() if f"`{type_}`" in line[:20]]
        if type_ is not EventType.RATING:
            assert f"| {weight:g} |" in row


def test_the_shopper_and_the_product_of_the_readme_are_in_the_demo_whatever_the_day():
    until = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    catalogue = list(shop.products(opened=until - WARM_UP))
    assert "mug-00059" in {p.product_id for p in catalogue if p.available_for_sale}
    history = shoppers.events(catalogue, until=until)
    assert sum(e.shopper_id == "user:tess-0020" for e in history) >= 15
