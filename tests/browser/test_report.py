"""The report, opened as a file."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from workers.insights import Period
from workers.report import report

AXE = Path(__file__).parents[1] / "conformance" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="session")
def page_file(demo_settings, tmp_path_factory) -> Path:
    """Of the demo shop."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report(demo_settings, Period(28), datetime.now(UTC)), "utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_the_report_can_be_read_by_everybody_everywhere(browser, page_file, scheme, width):
    """axe-core finds nothing, nothing is fetched, and nothing but a table is wider than a phone."""
    context = await browser.new_context(
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
    )
    complaints: list[str] = []
    asked: list[str] = []
    page = await context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(page_file.as_uri())
    assert await page.locator("svg[role=img]").count() >= 6
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not await page.evaluate(wide)
    assert complaints == []
    assert asked == [page_file.as_uri()]
    # In a world of its own, which the page's policy does not reach.
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("axe.run()")
    assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []
    await context.close()


async def test_plots_are_dark_where_the_page_is(browser, page_file):
    colours = []
    for scheme in ("light", "dark"):
        context = await browser.new_context(color_scheme=scheme)
        page = await context.new_page()
        await page.goto(page_file.as_uri())
        text = page.locator("svg text").first
        colours.append(await text.evaluate("element => getComputedStyle(element).fill"))
        await context.close()
    assert colours[0] != colours[1]
