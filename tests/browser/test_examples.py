"""The pages of the integration guide, in a real browser: on a site of their own, with a key."""

import asyncio
import os
import re
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from builders import (
    CARD,
    NOW,
    a_product,
    serving,
    stock,
    trained_on,
    two_tastes,
    until,
    with_key,
)
from playwright.async_api import expect

from recommender.facts.keys import KeyKind
from recommender.facts.signed_users import sign
from recommender.mongo.documents import EVENTS
from recommender.mongo.models import publish, put_in_service

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
SECRET = "a secret that is long enough to sign with"
CONFORMANCE = ROOT / "tests" / "conformance"


class Site(SimpleHTTPRequestHandler):
    """A shop's pages, with the service's address and key in them."""

    folder = EXAMPLES
    known = None

    def do_GET(self):
        text = (self.folder / self.path.lstrip("/")).read_text()
        for placeholder, value in self.known.items():
            text = text.replace(placeholder, value)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(self.path) + "; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
async def site(database, settings):
    """The examples as a shop's site, beside the service."""
    catalogue, events = two_tastes()
    # Names are data, whatever is in them.
    products = [replace(p, name=f"<b>{p.name}</b>") for p in catalogue.values()]
    stock(database, [*products, a_product("tea-mug")], events)
    publish(database, trained_on(catalogue, events), **CARD)
    put_in_service(database, "v1", NOW)

    class ThisSite(Site):
        pass

    signing = settings.model_copy(
        update={"shopper_signing_secrets": SECRET, "require_signed_shopper": True}
    )

    with ThreadingHTTPServer(("127.0.0.1", 0), ThisSite) as server:
        ThisSite.address = f"http://localhost:{server.server_port}"
        key = with_key(database, KeyKind.PUBLISHABLE, origins=[ThisSite.address])["X-Recs-Key"]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        async with serving(signing) as client:
            ThisSite.api = str(client.base_url).rstrip("/")
            ThisSite.known = {"https://recs.shop.example": ThisSite.api, "pk_...": key}
            yield ThisSite
        server.shutdown()


@pytest.fixture
async def a_page(browser):
    """A new visitor's page; what the browser complains of is in `complaints`."""
    context = await browser.new_context()
    page = await context.new_page()
    page.complaints = []
    page.on("console", lambda m: m.type in ("error", "warning") and page.complaints.append(m.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    # The product pages that cards lead to are not there; a page stands in for them.
    await context.route("**/product/**", lambda route: route.fulfill(body="A product"))
    yield page
    await context.close()


def recorded(database, type_):
    return list(database[EVENTS].find({"type": type_, "shopper_id": {"$regex": "^session:"}}))


async def test_a_plain_page_shows_shelves_and_tells_what_was_seen_and_clicked(
    database, site, a_page
):
    await a_page.goto(site.address + "/page.html")

    card = a_page.locator('[data-shelf="home"] li').first
    await expect(a_page.locator('[data-shelf="home"] li')).to_have_count(6)
    await until(lambda: len(recorded(database, "impression")) > 0)
    [view] = await until(lambda: recorded(database, "view"))
    await a_page.get_by_role("button", name="Add to cart").click()
    await until(lambda: recorded(database, "add_to_cart"))
    name = await card.inner_text()
    await card.locator("a").click()

    [click] = await until(lambda: recorded(database, "click"))
    assert view["product_id"] == "tea-mug"
    assert click["rank"] == 1
    assert click["recommendation_id"]
    assert database["products"].find_one({"_id": click["product_id"]})["name"] == name
    assert name.startswith("<b>")
    assert click["shopper_id"] == view["shopper_id"]
    assert len(view["shopper_id"]) == len("session:") + 32
    assert a_page.complaints == []


async def test_what_a_visitor_did_is_theirs_when_they_sign_in(database, site, a_page):
    await a_page.goto(site.address + "/page.html")
    [view] = await until(lambda: recorded(database, "view"))

    signed = sign("ann", datetime.now(UTC) + timedelta(hours=1), SECRET)
    body = f'data-product="tea-mug" data-signed-user="{signed}" data-just-signed-in="yes"'
    site.known = {**site.known, 'data-product="tea-mug"': body}
    await a_page.reload()

    def of_ann():
        return list(database[EVENTS].find({"shopper_id": "user:ann", "type": "view"}))

    first, second = await until(lambda: len(of_ann()) == 2 and of_ann())
    assert view["_id"] in (first["_id"], second["_id"])
    assert recorded(database, "view") == []


async def test_a_visitor_who_did_not_agree_is_not_recorded(database, site, a_page):
    site.known = {**site.known, "const mayRecord = true": "const mayRecord = false"}
    await a_page.goto(site.address + "/page.html")
    await expect(a_page.locator('[data-shelf="home"] li')).to_have_count(6)
    await a_page.get_by_role("button", name="Add to cart").click()
    await a_page.locator('[data-shelf="home"] a').first.click()
    await a_page.wait_for_url("**/product/**")
    assert database[EVENTS].count_documents({"shopper_id": {"$regex": "^session:"}}) == 0
    assert await a_page.evaluate("localStorage.length + sessionStorage.length") == 0


async def test_what_was_not_on_the_screen_is_no_impression(database, site, a_page):
    await a_page.set_viewport_size({"width": 800, "height": 200})
    await a_page.goto(site.address + "/page.html")
    await expect(a_page.locator('[data-shelf="home"] li')).to_have_count(6)
    last = a_page.locator('[data-shelf="home"] li').last
    await until(lambda: recorded(database, "impression"))
    before = {(e["recommendation_id"], e["rank"]) for e in recorded(database, "impression")}
    await last.scroll_into_view_if_needed()
    await until(lambda: any(e["rank"] == 6 for e in recorded(database, "impression")))
    after = recorded(database, "impression")
    assert not any(rank == 6 for _, rank in before)
    assert len(after) == len({(e["recommendation_id"], e["rank"]) for e in after})


async def test_a_page_whose_service_is_away_stays_as_it_came_and_what_happened_is_sent_later(
    database, site, a_page
):
    address = urlsplit(site.api).netloc
    away = [True]

    async def perhaps(route):
        await (route.abort() if away[0] else route.continue_())

    await a_page.route(f"**//{address}/graphql", perhaps)
    await a_page.goto(site.address + "/page.html")
    await expect(a_page.get_by_role("link", name="Tea pot")).to_be_visible()
    assert recorded(database, "view") == []
    away[0] = False
    [view] = await until(lambda: recorded(database, "view"))
    assert view["product_id"] == "tea-mug"


async def test_a_list_is_followed_by_event_source_as_the_page_on_subscriptions_shows(site, a_page):
    shown = (ROOT / "docs" / "subscriptions.md").read_text()
    follow, by_event_source, _ = re.findall(r"```js\n(.*?)```", shown, re.DOTALL)
    query = re.match(r"const query = `.*?`;", follow, re.DOTALL).group()
    program = f"""
      {query}
      const variables = {{ shopper: {{ sessionId: "visitor-1" }} }};
      const show = (list) => document.body.append(`${{list.nodes.length}} products`);
      {by_event_source}
    """
    for placeholder, value in site.known.items():
        program = program.replace(placeholder, value)
    await a_page.goto(site.address + "/page.html")
    await a_page.add_script_tag(content=program, type="module")
    await expect(a_page.get_by_text("6 products")).to_be_visible()


async def test_the_react_example_fits_the_schema_and_tells_what_was_seen_and_clicked(
    database, site, a_page, tmp_path
):
    built = await asyncio.create_subprocess_exec(
        *("node", "react_example.mjs"),
        cwd=CONFORMANCE,
        env={**os.environ, "OUTPUT": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await built.communicate()
    assert built.returncode == 0, said.decode()
    site.folder = tmp_path
    (tmp_path / "index.html").write_text(
        '<!doctype html><meta charset="utf-8"><title>Shop</title>'
        '<body data-api="https://recs.shop.example" data-key="pk_...">'
        '<div id="root"></div><script type="module" src="react.js"></script>'
    )
    await a_page.goto(site.address + "/index.html")

    home = a_page.get_by_role("region", name="home")
    await expect(home.get_by_role("listitem")).to_have_count(4)
    await expect(
        a_page.get_by_role("region", name="trending").get_by_role("listitem")
    ).to_have_count(4)
    seen = await until(
        lambda: len(recorded(database, "impression")) == 8 and recorded(database, "impression")
    )
    await home.get_by_role("link").first.click()

    [click] = await until(lambda: recorded(database, "click"))
    assert (click["recommendation_id"], click["product_id"]) in {
        (e["recommendation_id"], e["product_id"]) for e in seen
    }
    assert a_page.complaints == []
