"""The README and what surrounds it stay true."""

import re
from datetime import UTC, datetime
from pathlib import Path

from recommender.facts.events import WEIGHTS, EventType
from recommender.settings import Settings
from seed import shop, shoppers
from seed.demo import WARM_UP

README = Path("README.md").read_text()


def test_every_setting_is_in_the_readme_with_its_default():
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", README, re.MULTILINE))
    defaults = {}
    for name, field in Settings.model_fields.items():
        value = field.default
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        defaults[name.upper()] = f"`{shown}`" if value not in (None, "") else "none"
    assert rows == defaults


def test_every_link_leads_somewhere():
    for document in [Path("README.md"), *Path("docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)]+)\)", document.read_text()):
            if target.startswith("http"):
                continue
            name, _, heading = target.partition("#")
            page = document.parent / name if name else document
            assert page.exists(), f"{document}: {target}"
            assert not heading or heading in headings(page), f"{document}: {target}"


def headings(page):
    """As they are linked to."""
    found = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_lock_files_hold_hashes_and_no_address():
    """npm writes where to donate, too: take each "funding" out again after npm install."""
    locks = [*Path().glob("requirements*.lock")]
    for folder in ("tests/conformance", "graphql_api/web/shop", "graphql_api/web/graphiql"):
        locks.append(Path(folder, "package-lock.json"))
    for lock in locks:
        text = lock.read_text()
        assert "sha512-" in text or "--hash=sha256:" in text, lock
        assert "://" not in text, lock


def test_the_index_has_every_page():
    index = Path("docs/README.md").read_text()
    for page in Path("docs").glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in index, page


def test_every_weight_is_in_the_documents():
    data = Path("docs/data.md").read_text()
    for type_, weight in WEIGHTS.items():
        [row] = [line for line in data.splitlines() if f"`{type_}`" in line[:20]]
        if type_ is not EventType.RATING:
            assert f"| {weight:g} |" in row


def test_the_shopper_and_the_product_of_the_pages_are_in_the_demo_whatever_the_day():
    until = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    catalogue = list(shop.products(opened=until - WARM_UP))
    assert "mug-00059" in {p.product_id for p in catalogue if p.available_for_sale}
    history = shoppers.events(catalogue, until=until)
    assert sum(e.shopper_id == "user:tess-0020" for e in history) >= 15
