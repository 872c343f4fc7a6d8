"""Operators and merchandisers work with the console."""

import asyncio
import os
import re
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from builders import (
    CARD,
    SMALL,
    a_free_port,
    a_product,
    an_event,
    api_process,
    ask,
    serving,
    settings_for,
    stock,
    trained_on,
    two_tastes,
    until,
    with_key,
)
from playwright.async_api import expect

from recommender.facts.events import EventType
from recommender.facts.keys import KeyKind, Scope
from recommender.facts.placements import Placement
from recommender.mongo.keys import revoke_keys
from recommender.mongo.models import publish, put_in_service, version_in_service
from recommender.mongo.server import embedded
from workers.retrain import retrain
from workers.schedule import run

AXE = Path(__file__).parents[1] / "conformance" / "node_modules" / "axe-core" / "axe.min.js"
REFUSED = re.compile(r"status of 401")
"""What a browser says by itself where a key is refused."""
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"

CATALOGUE, EVENTS = two_tastes(shoppers=120)
METRICS = {
    "metrics": {
        "lightfm hybrid": {"ndcg@10": 0.5, "coverage@10": 0.8},
        "popularity": {"ndcg@10": 0.25, "coverage@10": 0.1},
    },
    "bounds": {"ndcg@10": (0.45, 0.56)},
}
MODEL = trained_on(CATALOGUE, EVENTS)


@pytest.fixture
def stocked(database):
    """A shop with two models of today, of which the later one is in service."""
    now = datetime.now(UTC)
    stock(database, list(CATALOGUE.values()), EVENTS)
    for version in ("v1", "v2"):
        model = replace(MODEL, version=version, trained_at=now)
        publish(database, model, **{**CARD, **METRICS})
        put_in_service(database, version, now)
    return database


def a_key(database, kind=KeyKind.SECRET, **more):
    [header] = with_key(database, kind, **more).values()
    return header.removeprefix("Bearer ")


# Keys are made before the API starts, which else takes two seconds to hear of them.


@pytest.fixture
def secret(stocked):
    """A key that opens all of the console."""
    return a_key(stocked)


@pytest.fixture
def for_shoppers_only(stocked):
    return a_key(stocked, name="helpdesk", scopes=(Scope.SHOPPERS,))


@pytest.fixture
def publishable(stocked):
    return a_key(stocked, KeyKind.PUBLISHABLE)


@pytest.fixture
def called_by_somebody_hostile(stocked):
    return a_key(stocked, name=HOSTILE)


@pytest.fixture
async def address(stocked, settings):
    async with serving(settings) as api:
        yield str(api.base_url)


@pytest.fixture
def complaints():
    """What the browser said that it should not have."""
    return []


@pytest.fixture
async def opened(browser, address, complaints):
    """Opens the console as somebody who just sat down."""
    contexts = []

    async def open_page(path="/console", key=None, **more):
        context = await browser.new_context(**{"base_url": address, **more})
        contexts.append(context)
        page = await context.new_page()
        page.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(path)
        if key:
            await sign_in(page, key)
            await expect(page.locator("nav")).to_be_visible()
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert [c for c in complaints if not REFUSED.search(c)] == []


async def sign_in(page, key):
    await page.get_by_label("Secret key").fill(key)
    await page.get_by_role("button", name="Sign in").click()


async def go_to(page, part):
    await page.get_by_role("link", name=part, exact=True).click()


async def test_where_no_key_is_needed_the_console_opens_at_once(opened):
    page = await opened()
    await expect(page.locator("h1")).to_have_text("Health")
    await expect(page.locator(".verdict h2")).to_have_text("Everything is in order")
    await expect(page.locator(".who")).to_contain_text("there are no keys yet")
    await expect(page.locator("main")).to_contain_text("v2")


async def test_a_key_is_asked_for_kept_in_this_tab_and_forgotten_at_the_end(
    secret, opened, complaints
):
    page = await opened()
    await expect(page.get_by_label("Secret key")).to_be_focused()
    await sign_in(page, secret)
    await expect(page.locator("h1")).to_have_text("Health")
    await page.reload()
    await expect(page.locator(".verdict h2")).to_have_text("Everything is in order")
    assert secret not in page.url
    assert await page.evaluate("JSON.stringify(localStorage) + document.cookie") == "{}"
    other = await page.context.new_page()
    await other.goto("/console")
    await expect(other.get_by_label("Secret key")).to_be_visible()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Secret key")).to_be_visible()
    assert secret not in await page.evaluate("JSON.stringify(sessionStorage)")
    assert complaints == []


async def test_an_answer_that_comes_late_signs_nobody_in_again(secret, opened):
    page = await opened(key=secret)
    asked, let_go = asyncio.Event(), asyncio.Event()

    def is_who_asks(request):
        return "query Caller" in (request.post_data or "")

    async def late(route):
        if is_who_asks(route.request):
            asked.set()
            await let_go.wait()
        await route.continue_()

    await page.route("**/graphql", late)
    await asyncio.wait_for(asked.wait(), 20)
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_label("Secret key").wait_for()
    # Without a key nothing inside would last, so it is looked for all the time.
    await page.evaluate("""() => {
      window.sawInside = false;
      const look = () => { window.sawInside ||= document.querySelector("nav") !== null; };
      new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
    }""")
    async with page.expect_response(lambda response: is_who_asks(response.request)):
        let_go.set()
    await page.wait_for_timeout(300)
    assert await page.evaluate("window.sawInside") is False


async def test_a_key_that_cannot_be_used_is_told_why(publishable, secret, opened):
    page = await opened()
    problem = page.get_by_role("alert")
    for key, sentence in (
        ("hunter2", "one begins with sk_"),
        (publishable, "This is a publishable key"),
        ("sk_00000000_" + "0" * 40, "does not know this key"),
    ):
        await sign_in(page, key)
        await expect(problem).to_contain_text(sentence)
        await expect(page.locator("nav")).to_have_count(0)
    await sign_in(page, secret)
    await expect(page.locator("h1")).to_have_text("Health")


async def test_what_a_key_does_not_open_says_which_scope_is_missing(for_shoppers_only, opened):
    page = await opened(key=for_shoppers_only)
    await expect(page.locator("h1")).to_have_text("Shopper explorer")
    for part, scope in (("Health", "training"), ("Earnings", "insights")):
        await go_to(page, part)
        await expect(page.locator(".notice")).to_contain_text(f"a key with the scope {scope}")
    await go_to(page, "Explorer")
    await look_at(page, "cook-1")
    await expect(now_list(page).first).to_be_visible()
    await expect(page.locator("[aria-labelledby=why-not]")).to_contain_text("the scope read")
    await page.locator("#act-product").fill("garden-0")
    await page.get_by_role("button", name="Add by id").click()
    await expect(page.get_by_role("region", name="The list then")).to_contain_text("garden spade")


async def test_a_key_that_is_revoked_meanwhile_leads_back_to_the_sign_in(stocked, secret, opened):
    page = await opened(key=secret)
    await go_to(page, "Explorer")
    revoke_keys(stocked, "secret", datetime.now(UTC))
    await expect(page.get_by_role("alert")).to_contain_text("no longer accepted")
    assert secret not in await page.evaluate("JSON.stringify(sessionStorage)")


async def test_what_is_not_in_order_is_said_first_and_in_words(stocked, opened):
    page = await opened()
    await expect(page.locator(".verdict h2")).to_have_text("Everything is in order")
    stocked["products"].delete_many({})
    await expect(page.locator(".verdict h2")).to_have_text("Something is wrong")
    await expect(page.locator(".verdict")).to_contain_text("The catalogue is empty")


async def test_a_database_that_went_away_is_told_by_the_console_as_well(tmp_path, opened):
    folder = tmp_path / "mongodb"
    with embedded(folder) as uri:
        settings = settings_for(uri, "shop", tmp_path)
        async with api_process(settings, a_free_port()) as (_, api):
            page = await opened(base_url=str(api.base_url))
            await expect(page.locator(".verdict")).to_contain_text("The catalogue is empty")
            os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
            await expect(page.locator(".verdict")).to_contain_text("MongoDB does not answer")
            await expect(page.locator(".badge.bad").first).to_have_text("not ready")


async def test_a_model_is_put_in_service_and_rolled_back_after_a_question(stocked, secret, opened):
    page = await opened(key=secret)
    await go_to(page, "Models")
    await expect(page.locator("[data-version=v2]")).to_contain_text("in service")
    measure = page.locator(".measure").first
    await expect(measure).to_contain_text("0.500 (0.450 to 0.560)")
    await expect(measure).to_contain_text("popularity")
    await expect(measure.locator("path")).to_have_count(1)
    await page.get_by_role("button", name="v1", exact=True).click()
    await expect(page.get_by_role("heading", name="Model v1")).to_be_focused()
    await page.get_by_role("button", name="Put in service …").click()
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    assert version_in_service(stocked) == "v2"
    await page.get_by_role("button", name="Put in service …").click()
    await page.get_by_role("dialog").get_by_role("button", name="Put in service").click()
    await expect(page.locator(".said")).to_have_text("Model v1 is in service now.")
    await expect(page.locator("[data-version=v1]")).to_contain_text("in service")
    for version in ("v2", "v1"):
        await roll_back(page)
        await expect(page.locator(".said")).to_have_text(f"Model {version} is in service now.")
        assert version_in_service(stocked) == version
    await roll_back(page)
    await expect(page.get_by_role("alert")).to_contain_text("No model was in service before")


async def roll_back(page):
    await page.get_by_role("button", name="Roll back …").click()
    await page.get_by_role("dialog").get_by_role("button", name="Roll back").click()


async def test_more_models_than_a_page_holds_are_turned_over(stocked, opened):
    for n in range(12):
        publish(stocked, replace(MODEL, version=f"u{n:02}"), **CARD)
    page = await opened("/console#/models")
    rows = page.locator("tbody tr[data-version]")
    await expect(rows).to_have_count(10)
    await page.get_by_role("button", name="Older").click()
    await expect(rows).to_have_count(4)
    await page.get_by_role("button", name="Newer").click()
    await expect(rows).to_have_count(10)


@pytest.fixture
def worker(stocked, settings):
    """Carries out what was asked for, as `python -m workers schedule` does."""
    unasked = settings.model_copy(update={"retrain_hours": 0.0})

    async def works():
        train = partial(retrain, parameters=SMALL)
        await asyncio.to_thread(run, stocked, unasked, once=True, train=train)

    return works


async def test_a_training_is_asked_for_and_followed_to_its_end(stocked, secret, opened, worker):
    page = await opened(key=secret)
    await go_to(page, "Training")
    await page.get_by_role("button", name="Train", exact=True).click()
    training = page.locator("[data-job]").first
    await expect(training).to_contain_text("waiting for a worker")
    job_id = await training.get_attribute("data-job")
    await page.reload()
    # It goes on by itself, so a page that comes later finds it again.
    await expect(page.locator(f'[data-job="{job_id}"]')).to_contain_text("waiting for a worker")
    assert await page.locator("progress").count() == 1
    await worker()
    await expect(training).to_contain_text("succeeded")
    job = stocked["jobs"].find_one({"_id": job_id})
    outcome = "The model is in service." if job["in_service"] else "The model is kept"
    await expect(training.get_by_role("status")).to_contain_text(outcome)
    assert job["verdict"]
    for line in job["verdict"]:
        await expect(training.get_by_role("status")).to_contain_text(line)
    await go_to(page, "Models")
    await expect(page.locator(f'[data-version="{job_id}"]')).to_be_visible()


async def test_a_training_that_fails_says_why(stocked, opened, worker):
    stocked["events"].delete_many({})
    page = await opened("/console#/training")
    await page.get_by_label("Search for better parameters").fill("0.5")
    await page.get_by_role("button", name="Train", exact=True).click()
    training = page.locator("[data-job]").first
    await expect(training).to_contain_text("30 seconds")
    await worker()
    await expect(training).to_contain_text("There is no model.")
    await expect(training.get_by_role("alert")).to_contain_text("There are no events")


async def test_what_recommendations_earn_is_counted_drawn_and_listed(
    stocked, secret, address, opened, settings, monkeypatch
):
    # The crediting need not wait for lists that are written late.
    monkeypatch.setattr("recommender.mongo.credits.SETTLING", timedelta(seconds=-5))
    name = await bought_from_a_list(address, secret)
    await until(lambda: stocked["lists"].count_documents({}) == 1)
    page = await opened(key=secret)
    await go_to(page, "Earnings")
    tiles = page.locator(".tiles")
    await expect(tiles).to_contain_text("Click rate100.0%")
    await expect(tiles).to_contain_text("19.00")
    await expect(page.get_by_role("img", name="Clicks over time: 1 together")).to_be_visible()
    await expect(table(page, "By shelf")).to_contain_text("Home")
    await expect(table(page, "By model")).to_contain_text("v2")
    await expect(table(page, "Products that earned most")).to_contain_text(name)
    await page.get_by_role("combobox", name="Shelf").select_option("trending")
    await expect(table(page, "By shelf")).to_have_count(0)
    await expect(page.get_by_text("Clicks over time: none.")).to_be_visible()
    await page.get_by_role("combobox", name="Shelf").select_option("")
    await page.get_by_label("to", exact=True).fill("2026-01-31")
    await page.get_by_label("From").fill("2026-01-01")
    await expect(page.get_by_text("Clicks over time: none.")).to_be_visible()
    await page.get_by_role("button", name="7 days").click()
    await expect(tiles).to_contain_text("19.00")


async def bought_from_a_list(address, key):
    """Somebody sees a list, clicks its first product and buys two; the product's name."""
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=address, headers=headers) as api:
        shelf = """{ recommendations(shopper: {userId: "cook-1"}, first: 3) {
            recommendationId edges { node { productId name } } } }"""
        served = (await ask(api, shelf))["recommendations"]
        product = served["edges"][0]["node"]
        price = {"quantity": 2, "unitPrice": {"amount": "9.50", "currencyCode": "EUR"}}
        events = [
            {
                "eventId": type_.name,
                "type": type_.name,
                "shopper": {"userId": "cook-1"},
                "productId": product["productId"],
                "recommendationId": served["recommendationId"],
                "rank": 1,
                **(price if type_ is EventType.PURCHASE else {}),
            }
            for type_ in (EventType.IMPRESSION, EventType.CLICK, EventType.PURCHASE)
        ]
        await ask(
            api,
            "mutation ($input: RecordEventsInput!) {"
            " recordEvents(input: $input) { rejectedCount } }",
            input={"events": events, "idempotencyKey": "k"},
        )
        return product["name"]


def table(page, caption):
    return page.get_by_role("table", name=caption)


async def look_at(page, shopper):
    await page.get_by_label("Id of the shopper").fill(shopper)
    await page.get_by_role("button", name="Look", exact=True).click()


def now_list(page):
    return page.get_by_role("region", name="The list now").locator("[data-product]")


def then_list(page):
    return page.get_by_role("region", name="The list then").locator("[data-product]")


async def imagine(page, act, words, product):
    await page.get_by_label("The shopper would").select_option(act)
    await page.get_by_label("this product", exact=True).fill(words)
    await page.get_by_role("button", name=f"Add: {product}", exact=True).click()


async def test_what_a_shopper_would_do_next_moves_the_list(stocked, secret, opened):
    page = await opened(key=secret)
    await go_to(page, "Explorer")
    await look_at(page, "cook-1")
    await expect(page.locator(".past")).to_contain_text("purchase")
    await expect(now_list(page)).to_have_count(12)
    before = await now_list(page).evaluate_all("all => all.map(p => p.dataset.product)")
    events = stocked["events"].count_documents({})
    await imagine(page, "PURCHASE", "spade 1", "garden spade 1")
    await imagine(page, "RATING", "spade 2", "garden spade 2")
    await expect(page.locator(".acts")).to_contain_text("5 stars")
    await expect(page.get_by_text("would be another product's")).to_be_visible()
    # Read at once: the list after the second act may take the place of that after the first.
    after = await then_list(page).evaluate_all(
        "all => all.map(p => [p.dataset.product, p.querySelector('.badge .hidden').innerText])"
    )
    assert [product for product, _ in after] != before
    for (product, mark), was in zip(after, before, strict=True):
        assert (mark == "in the same place") == (product == was)
    assert stocked["events"].count_documents({}) == events
    await page.get_by_role("button", name="Take all back").click()
    await expect(then_list(page)).to_have_count(0)


async def test_why_a_product_is_not_on_a_shelf_is_said_in_a_sentence(stocked, secret, opened):
    bought = next(e.product_id for e in EVENTS if e.shopper_id == "user:cook-1")
    page = await opened(key=secret)
    await go_to(page, "Explorer")
    await look_at(page, "cook-1")
    answer = page.locator(".fate")
    for product, sentence in (
        (bought, "The shopper bought or rated it"),
        ("no-such-thing", "The shop does not have this product."),
    ):
        await page.locator("#why-not-product").fill(product)
        await page.get_by_role("button", name="Explain by id").click()
        await expect(answer).to_contain_text(sentence)


async def test_a_shelf_that_goes_by_a_product_asks_for_one(stocked, opened):
    page = await opened("/console#/explorer")
    await page.get_by_label("Session id").check()
    await look_at(page, "somebody-new")
    await expect(page.locator("[aria-labelledby=history]")).to_contain_text("Nobody by this id")
    await page.get_by_role("combobox", name="Shelf").select_option("similar")
    await expect(now_list(page)).to_have_count(0)
    await page.get_by_label("The page is about").fill("pan 3")
    await page.get_by_role("button", name="Choose: kitchen pan 3", exact=True).click()
    await expect(now_list(page)).to_have_count(12)
    assert "kitchen-3" not in await now_list(page).evaluate_all(
        "all => all.map(p => p.dataset.product)"
    )


async def test_what_others_wrote_is_text_and_never_code(
    stocked, called_by_somebody_hostile, opened
):
    stock(
        stocked,
        [a_product("hostile", name=HOSTILE, brand=HOSTILE)],
        [an_event("cook-1", "hostile", EventType.LIKE)],
    )
    page = await opened(key=called_by_somebody_hostile)
    alerts = []
    page.on("dialog", lambda dialog: alerts.append(dialog.message))
    await expect(page.locator(".who")).to_contain_text(HOSTILE)
    await go_to(page, "Explorer")
    await look_at(page, HOSTILE)
    await expect(page.locator("#history")).to_have_text(HOSTILE)
    await look_at(page, "cook-1")
    await expect(page.locator(".past")).to_contain_text(HOSTILE)
    await imagine(page, "VIEW", "onerror", HOSTILE)
    await expect(page.locator(".acts")).to_contain_text(HOSTILE)
    await expect(then_list(page).first).to_be_visible()
    assert alerts == []
    assert await page.locator("main script, main img[onerror], header img[onerror]").count() == 0


async def test_the_page_runs_nothing_but_its_own_files(secret, opened, address):
    page = await opened(key=secret)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    answer = await page.goto("/console")
    await expect(page.locator(".verdict h2")).to_have_text("Everything is in order")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "'self'" in policy
    assert asked
    assert all(url.startswith(address) and secret not in url for url in asked)


@pytest.mark.parametrize("width", [390, 1280])
async def test_nobody_is_kept_out(stocked, secret, opened, width):
    """axe-core finds nothing in any part, on a phone and on a desk, by day and by night."""
    page = await opened(viewport={"width": width, "height": 900})
    await page.get_by_label("Secret key").wait_for()
    await page.evaluate(AXE.read_text())
    assert await flaws(page) == []
    await sign_in(page, secret)
    for part, landmark in (
        ("Models", ".measure"),
        ("Training", "form"),
        ("Earnings", ".tiles"),
        ("Health", ".facts"),
        ("Explorer", "form"),
    ):
        await go_to(page, part)
        await page.locator(landmark).first.wait_for()
        assert await flaws(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") == width
    await look_at(page, "cook-1")
    await page.locator("#act-product").fill("spade")
    await page.locator(".found button").first.click()
    await then_list(page).first.wait_for()
    await page.locator("#why-not-product").fill("spade")
    await page.locator(".found button").first.wait_for()
    assert await flaws(page) == []
    await go_to(page, "Models")
    await page.get_by_role("button", name="Roll back").click()
    assert await flaws(page) == []


async def flaws(page):
    """By day; by night only colours are others."""
    found = []
    for scheme, rules in (("light", "undefined"), ("dark", "['color-contrast']")):
        await page.emulate_media(color_scheme=scheme)
        options = f"{{resultTypes: ['violations'], runOnly: {rules}}}"
        found += (await page.evaluate(f"axe.run({options})"))["violations"]
    return [(v["id"], v["nodes"][0]["html"]) for v in found]


async def test_an_operator_can_do_without_a_mouse(stocked, opened):
    page = await opened("/console#/models")
    await page.locator(".measure").first.wait_for()
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(page.get_by_role("button", name="Roll back …")).to_be_focused()


def test_every_shelf_can_be_chosen():
    page = Path("graphql_api/web/console/placements.js").read_text()
    table = page.split("};")[0]
    assert re.findall(r"^  (\w+):", table, re.MULTILINE) == [str(p) for p in Placement]


async def test_the_console_is_a_setting(mongodb_uri, database, tmp_path):
    settings = settings_for(mongodb_uri, database.name, tmp_path, CONSOLE="false")
    async with serving(settings) as api:
        answer = await api.get("/console")
        assert answer.status_code == 404
        assert answer.json()["title"] == (await api.get("/no-such-path")).json()["title"]
