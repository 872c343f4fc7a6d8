"""A shopper walks through the demo shop."""

import json
import re
from pathlib import Path

import pytest
from builders import until
from playwright.async_api import expect
from pymongo import MongoClient

AXE = Path(__file__).parents[1] / "conformance" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
def events(demo_settings):
    with MongoClient(demo_settings.mongodb_uri) as client:
        yield client[demo_settings.mongodb_database]["events"]


@pytest.fixture
def somebody(demo_settings):
    """Who can sign in."""
    return json.loads((demo_settings.data_dir / "media" / "demo" / "shoppers.json").read_text())[0]


def cards(page, placement="home"):
    return page.locator(f'[data-placement="{placement}"] .card')


async def products(page, placement="home"):
    await cards(page, placement).first.wait_for()
    return await cards(page, placement).evaluate_all("all => all.map(c => c.dataset.product)")


async def test_somebody_new_gets_full_shelves_and_no_product_twice(visit):
    page = await visit()
    assert len(await products(page)) == 12
    await expect(page.locator("h1")).to_contain_text("Things to live with")
    shown = await page.locator(".card").evaluate_all("all => all.map(c => c.dataset.product)")
    assert len(shown) == len(set(shown))
    await expect(cards(page).first.locator(".why")).not_to_be_empty()


async def test_shelves_change_with_what_the_shopper_does(visit, events):
    page = await visit()
    before = await products(page)
    product = before[0]
    await cards(page).first.locator("a").click()
    await expect(page.locator("article h1")).not_to_be_empty()
    await until(lambda: events.count_documents({"product_id": product, "type": "view"}) > 0)
    await page.get_by_role("button", name="Add to cart", exact=True).first.click()
    await page.goto("/#/")
    assert await products(page) != before
    await expect(page.locator('[data-placement="because_you_viewed"]')).to_be_visible()


async def test_an_impression_is_sent_for_what_was_seen_and_for_nothing_else(visit, events):
    page = await visit(viewport={"width": 1280, "height": 720})
    first = (await products(page))[0]
    session = json.loads(await page.evaluate("localStorage.getItem('sessionId')"))
    mine = {"shopper_id": f"session:{session}", "type": "impression"}
    await until(lambda: events.count_documents(mine) > 0)
    seen = {e["product_id"] for e in events.find(mine)}
    assert first in seen
    below = await products(page, "newest")
    assert not seen & set(below)
    assert all(e["recommendation_id"] and e["rank"] for e in events.find(mine))


async def test_a_search_finds_and_filters_narrow_it_down(visit):
    page = await visit()
    await page.get_by_role("searchbox").fill("mug")
    await page.get_by_role("button", name="Search").click()
    heading = page.locator("#found")
    await expect(heading).to_contain_text("product")
    before = int((await heading.inner_text()).split()[0])
    assert before > 1
    brand = page.locator(".filters input[type=checkbox]").first
    await brand.check()
    await expect(heading).not_to_have_text(f"{before} products")
    assert 1 <= int((await heading.inner_text()).split()[0]) < before


async def test_a_category_shows_what_is_in_it(visit):
    page = await visit()
    link = page.locator(".categories a").first
    name = await link.inner_text()
    await link.click()
    await expect(page.locator("h1")).to_have_text(name)
    await expect(page.locator(".catalogue .card").first).to_be_visible()


async def test_an_order_is_recorded_and_names_the_list_it_came_from(visit, events):
    page = await visit()
    product = (await products(page))[1]
    await cards(page).nth(1).get_by_role("button", name="Add").click()
    await expect(page.locator(".cart .count")).to_have_text("1")
    await page.locator(".cart").click()
    await expect(page.locator('[data-placement="bought_together"] .card').first).to_be_visible()
    await page.get_by_role("button", name="Buy").click()
    await expect(page.locator("h1")).to_have_text("Thank you")
    session = json.loads(await page.evaluate("localStorage.getItem('sessionId')"))
    [bought] = events.find({"shopper_id": f"session:{session}", "type": "purchase"})
    assert bought["product_id"] == product
    assert bought["recommendation_id"]
    assert bought["rank"] == 2
    assert bought["unit_price"]["currency"] == "EUR"
    await page.goto("/#/")
    assert product not in await products(page)


async def test_who_signs_in_keeps_what_they_did_before(visit, events, somebody):
    page = await visit()
    await cards(page).first.locator("a").click()
    await expect(page.locator("article h1")).not_to_be_empty()
    session = json.loads(await page.evaluate("localStorage.getItem('sessionId')"))
    await until(lambda: events.count_documents({"shopper_id": f"session:{session}"}) > 0)
    await page.locator(".account summary").click()
    await page.locator(".account li button").first.click()
    await expect(page.locator(".account summary")).to_contain_text(somebody["name"])
    await expect(page.locator(".account .sheet")).to_be_hidden()
    await until(lambda: events.count_documents({"shopper_id": f"session:{session}"}) == 0)
    await page.goto("/#/")
    await expect(page.locator("h1")).to_contain_text(somebody["name"])
    await expect(cards(page).first.locator(".why")).to_have_text(re.compile("you", re.IGNORECASE))


async def test_what_happens_in_one_window_shows_in_another(visit, somebody):
    first = await visit()
    await first.locator(".account summary").click()
    await first.locator(".account li button").first.click()
    await expect(first.locator("h1")).to_contain_text(somebody["name"])
    before = await products(first)
    second = await first.context.new_page()
    await second.goto("/")
    await expect(second.locator("h1")).to_contain_text(somebody["name"])
    await cards(second).first.get_by_role("button", name="Do not show").click()
    dismissed = before[0]
    await expect(
        first.locator(f'[data-placement="home"] [data-product="{dismissed}"]')
    ).to_have_count(0)
    assert len(await products(first)) == len(before)


async def test_inspecting_shows_what_a_score_is_made_of(visit):
    page = await visit("/?inspect")
    card = cards(page).first
    score = float(await card.locator(".shares dd").first.inner_text())
    assert score == pytest.approx(score)
    await expect(card.locator(".shares")).to_contain_text("POPULAR")
    await page.locator(".facts summary").first.click()
    query = json.loads(await page.locator(".facts pre").first.inner_text())
    answer = await page.request.post("/graphql", data=query)
    assert (await answer.json())["data"]["page"]


async def test_what_a_shop_calls_its_products_is_text_and_never_code(visit, demo_settings):
    page = await visit()
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    mutation = """mutation ($input: UpsertProductsInput!) {
      upsertProducts(input: $input) { createdCount userErrors { message } } }"""
    product = {
        "productId": "hostile",
        "name": hostile,
        "description": hostile,
        "brand": hostile,
        "categories": [hostile],
        "attributes": [{"name": hostile, "value": hostile}],
    }
    answer = await page.request.post(
        "/graphql",
        data={
            "query": mutation,
            "variables": {"input": {"products": [product], "idempotencyKey": "hostile"}},
        },
    )
    assert (await answer.json())["data"]["upsertProducts"]["userErrors"] == []
    alerts = []
    page.on("dialog", lambda dialog: alerts.append(dialog.message))

    async def shown():
        await page.goto("/#/")
        await page.goto("/#/product/hostile")
        await page.wait_for_selector("h1")
        return hostile in await page.locator("h1").first.inner_text()

    await until(shown, seconds=20)
    assert alerts == []
    assert await page.locator("main script, main img[onerror]").count() == 0
    with MongoClient(demo_settings.mongodb_uri) as client:
        client[demo_settings.mongodb_database]["products"].delete_one({"_id": "hostile"})


async def test_the_page_runs_nothing_but_its_own_files(visit, shop):
    page = await visit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    answer = await page.goto("/")
    await products(page)
    policy = answer.headers["content-security-policy"]
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert all(url.startswith(shop) for url in asked)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("path", ["/", "/#/search/mug", "/#/cart", "/?inspect", "PRODUCT"])
async def test_nobody_is_kept_out(visit, scheme, width, path):
    """axe-core finds nothing, on a phone and on a desk, by day and by night."""
    page = await visit("/", color_scheme=scheme, viewport={"width": width, "height": 900})
    if path == "PRODUCT":
        path = f"/#/product/{(await products(page))[0]}"
    await page.goto(path)
    await page.locator(".card").first.wait_for()
    await page.locator("h1").wait_for()
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("axe.run()")
    assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []


async def test_a_shopper_can_do_without_a_mouse(visit):
    page = await visit()
    await products(page)
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.closest('.card') !== null")
    await page.keyboard.press("Enter")
    await expect(page.locator("article h1")).not_to_be_empty()
