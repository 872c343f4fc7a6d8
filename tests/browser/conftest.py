"""The demo shop, really served, in a real browser."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from builders import serving, settings_for
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from rich.progress import Progress

from recommender.mongo.connection import open_database
from seed.demo import DemoSize, seed_demo
from workers.retrain import retrain

PATIENCE_MS = 20_000
"""A busy machine takes its time; what is waited for says when it is there."""
expect.set_options(timeout=PATIENCE_MS)

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def demo_settings(mongodb_uri, tmp_path_factory):
    """A small demo shop with a model, seeded once for all tests of the pages."""
    settings = settings_for(mongodb_uri, "browser_tests", tmp_path_factory.mktemp("demo"))
    with open_database(settings) as database:
        database.client.drop_database("browser_tests")
    with open_database(settings) as database, Progress(disable=True) as progress:
        size = DemoSize(products=300, events=6_000, shoppers=300, days=60)
        seed_demo(database, settings, size, progress, datetime.now(UTC))
        retrain(database, settings, progress)
    return settings


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium; one that is not there is a failure, not a reason to skip."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert path, "Chromium is missing: apt-get install chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def shop(demo_settings) -> AsyncIterator[str]:
    """The address of the shop."""
    async with serving(demo_settings) as api:
        yield str(api.base_url)


@pytest.fixture
async def visit(browser, shop):
    """Opens the shop as somebody new; what the browser complains of fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    async def opened(path: str = "/", **more) -> Page:
        context = await browser.new_context(base_url=shop, **more)
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(path)
        return page

    yield opened
    for context in contexts:
        await context.close()
    assert complaints == []
