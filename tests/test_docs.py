"""What the documentation shows works as it is pasted."""

import asyncio
import json
import os
import re
import shlex
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import graphql
import httpx
import pytest
from builders import (
    a_free_port,
    a_product,
    an_event,
    environment,
    serving,
    stock,
    until,
    until_it_answers,
    with_key,
)
from typer.testing import CliRunner

import recommender.mongo.documents as stored
import seed.__main__
import workers.__main__
from recommender.facts.events import EventType
from recommender.facts.money import Money
from recommender.facts.signed_users import user_of

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "docs" / "examples"
NODE_MODULES = ROOT / "tests" / "conformance" / "node_modules"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
OURS = "http://127.0.0.1:8000"
SECRET = "a secret that is long enough to sign with"


class Block(NamedTuple):
    """Something to paste."""

    page: str
    language: str
    note: str
    """What the page says of it beside its language: it is not for our API then."""
    text: str


BLOCKS = [
    Block(page.name, language, note.strip(), dedent(text))
    for page in PAGES
    for _, language, note, text in re.findall(
        r"^( *)```(\w*)([^\n]*)\n(.*?)^\1```$", page.read_text(), re.DOTALL | re.MULTILINE
    )
]


def blocks(language, page=None):
    return [b for b in BLOCKS if b.language == language and page in (None, b.page)]


def only(language, page):
    [block] = blocks(language, page)
    return block.text


def pages_with(language, *, but=()):
    return sorted({b.page for b in blocks(language)} - set(but))


@pytest.fixture
def demo(database):
    """The products that the pages name."""
    names = ("mug-00059", "pan-00001", "lamp-00002")
    stock(database, [a_product(name) for name in names], [an_event("tess-0020", names[1])])


async def run(*command, **more):
    """What a program says; it must succeed."""
    program = await asyncio.create_subprocess_exec(
        *map(str, command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        **{"cwd": ROOT, **more},
    )
    output, errors = await program.communicate()
    assert program.returncode == 0, (command, output.decode(), errors.decode())
    return output.decode()


async def asked(api, query):
    """The data of a query as a page has it."""
    answer = (await api.post("/graphql", json={"query": query})).json()
    assert "errors" not in answer, (query, answer)
    assert '"userErrors": [{' not in json.dumps(answer), (query, answer)
    return answer["data"]


def test_every_block_is_of_a_language_that_is_tried():
    known = {"graphql", "sh", "js", "python", "php", "html", "tsx", "nginx"}
    assert {b.language for b in BLOCKS} <= known
    assert len(BLOCKS) > 50


@pytest.mark.parametrize("page", pages_with("graphql", but=["ten-minutes.md"]))
async def test_every_query_works_as_it_is(page, demo, database, settings):
    async with serving(settings) as api:
        for block in blocks("graphql", page):
            if block.note:
                graphql.parse(block.text)
                continue
            await asked(api, block.text)
            await until(lambda: follows(database, api))


async def follows(database, api):
    """Whether the API knows of all products by now."""
    known = await asked(api, "{ products(first: 1) { totalCount } }")
    return known["products"]["totalCount"] == database["products"].count_documents({})


CURLS = [b for b in blocks("sh") if "curl" in b.text and b.page != "ten-minutes.md"]
SDL = "import json, sys; print(json.load(sys.stdin)['data']['_service']['sdl'])"
IN_BASH = f"""
curl() {{ command curl -sS --fail-with-body "$@"; echo; }}
jq() {{ {sys.executable} -c "{SDL}"; }}
"""


@pytest.mark.parametrize("block", CURLS, ids=lambda b: f"{b.page}-{b.text[:40]}")
async def test_every_request_by_curl_works_as_it_is(block, demo, settings, tmp_path):
    if '"..."' in block.text:
        return  # The id of a document that the reader has.
    settings = settings.model_copy(update={"federation": block.page == "federation.md"})
    async with serving(settings) as api:
        script = block.text.replace(OURS, str(api.base_url).rstrip("/"))
        if "curl -N" in script:
            assert b"event: next" in await first_line(script)
            return
        said = await run("bash", "-euc", IN_BASH + script, cwd=tmp_path)
        for line in said.splitlines():
            # The first question by a hash alone may come before the document does.
            assert not line.startswith('{"errors"'), said


async def first_line(script):
    """Of an answer that does not end."""
    curl = await asyncio.create_subprocess_exec(
        *shlex.split(script), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        return await curl.stdout.readline()
    finally:
        curl.terminate()
        await curl.wait()


PROGRAMS = {"seed": seed.__main__.app, "workers": workers.__main__.app}
COMMANDS = [
    (program, shlex.split(words, comments=True))
    for block in blocks("sh")
    for program, words in re.findall(
        r"(?:python -m|rm|worker|--build worker) (seed|workers)\b(.*)$", block.text, re.MULTILINE
    )
    # Letters stand for what the reader puts there.
    if "FILE" not in words and "[" not in words
]


@pytest.mark.parametrize(("program", "words"), COMMANDS, ids=str)
def test_every_command_has_the_options_that_the_pages_give_it(program, words):
    # What there is not is complained of before help is given.
    asked_for = CliRunner().invoke(PROGRAMS[program], [*words, "--help"])
    assert asked_for.exit_code == 0, asked_for.output


async def test_ten_minutes_lead_to_a_recommendation(database, settings, capfd):
    port = a_free_port()
    here = {**environment(settings), "PORT": str(port), "HOME": os.environ.get("HOME", "/")}
    pieces = [b for b in BLOCKS if b.page == "ten-minutes.md"]
    server, said = None, []
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as api:
            for _, language, _, text in pieces:
                if language == "graphql":
                    said.append(json.dumps(await asked(api, text)))
                elif "make install" in text:
                    pass  # That is what the tests run in.
                elif "graphql_api" in text:
                    server = await asyncio.create_subprocess_exec(
                        sys.executable, "-m", "graphql_api", env=here, cwd=ROOT
                    )
                    await until_it_answers(api)
                else:
                    text = text.replace(".venv/bin/python", sys.executable)
                    text = text.replace(OURS, str(api.base_url).rstrip("/"))
                    said.append(await run("bash", "-euc", text, env=here))
                    if "upsertProducts" in text:
                        await until(lambda: follows(database, api))
    finally:
        if server:
            server.terminate()
            await server.wait()
    _, _, asked_for_oli, in_the_editor, looked, _, like_the_rake = said
    assert json.loads(asked_for_oli)["data"]["recommendations"]["strategy"] == "PERSONALIZED"
    assert "Because you bought" in in_the_editor
    page = json.loads(looked)["data"]["recordEvent"]["page"]
    garden = {"Watering can", "Garden gloves", "Tomato seeds", "Garden fork", "Trowel"}
    assert {n["name"] for n in page[0]["nodes"]} <= garden | {"Garden hose", "Clay pot"}
    assert "Garden fork" in like_the_rake


SIGNERS = {
    "python": ([sys.executable, "-c"], "{}\nprint(signed_user_id('ann', '@'))"),
    "js": (["node", "--input-type=module", "-e"], "{}\nconsole.log(signedUserId('ann', '@'))"),
    "php": (["php", "-r"], "{}\necho signed_user_id('ann', '@');"),
}


@pytest.mark.parametrize("language", [n for n, (how, _) in SIGNERS.items() if shutil.which(how[0])])
async def test_a_user_id_is_signed_in_every_language_that_is_shown(language):
    how, frame = SIGNERS[language]
    program = frame.replace("@", SECRET).replace("{}", only(language, "security.md"))
    assert user_of((await run(*how, program)).strip(), [SECRET], datetime.now(UTC)) == "ann"


NO_BROWSER = """
import WebSocket from "ws";
globalThis.WebSocket = WebSocket;
const show = (list) => { console.log(list.nodes.length); process.exit(0); };
globalThis.document = {
  querySelector: () => ({ set textContent(names) { show({ nodes: names.split(", ") }); } }),
};
"""
FOLLOWED = blocks("js", "subscriptions.md")


@pytest.mark.parametrize("place", [0, 2])
async def test_a_list_is_followed_as_the_page_shows(place, demo, settings, tmp_path):
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    query = re.match(r"const query = `.*?`;", FOLLOWED[0].text, re.DOTALL).group()
    program = NO_BROWSER + ("" if place == 0 else query) + FOLLOWED[place].text
    file = tmp_path / "follow.mjs"
    async with serving(settings) as api:
        url = str(api.base_url).rstrip("/")
        program = program.replace("https://recs.shop.example", url)
        file.write_text(program.replace("wss://recs.shop.example", url.replace("http", "ws")))
        assert int(await run("node", file)) == 3


def test_what_the_guide_shows_of_the_examples_is_in_them():
    files = [*EXAMPLES.rglob("*.*"), ROOT / "tests" / "conformance" / "react_page.tsx"]
    held = [" ".join(f.read_text().split()) for f in files]
    shown = [
        b for b in BLOCKS if b.page == "integration.md" and b.language not in ("graphql", "sh")
    ]
    assert shown
    for block in shown:
        assert any(" ".join(block.text.split()) in text for text in held), block.text


ORDER = {
    "orderId": "2026-18",
    "shopper": {"userId": "ann"},
    "lines": [
        {"productId": "mug-00059", "unitPrice": {"amount": "9.50", "currencyCode": "EUR"}},
    ],
}
SERVERS = {
    "python": (
        [sys.executable, "-c"],
        """
import json, server
for told in (server.record_order(ORDER), server.record_order(ORDER)):
    print(json.dumps(told))
signed = {"signedUserId": server.signed_user_id("ann")}
print(json.dumps(server.shelves(signed, [{"placement": "popular"}], buyer_ip="192.0.2.7")))
server.os.environ["RECS_API"] = "http://127.0.0.1:9"
print(json.dumps(server.shelves(signed, [{"placement": "popular"}])))
""",
    ),
    "node": (
        ["node", "--input-type=module", "-e"],
        """
const { recordOrder, shelves, signedUserId } = await import("./server.mjs");
for (const n of [1, 2]) console.log(JSON.stringify(await recordOrder(ORDER)));
const signed = { signedUserId: signedUserId("ann") };
const wanted = [{ placement: "popular" }];
console.log(JSON.stringify(await shelves(signed, wanted, { ms: 5000, buyerIp: "192.0.2.7" })));
console.log(JSON.stringify(await shelves(signed, wanted, { ms: 0 })));
""",
    ),
}


@pytest.mark.parametrize("language", SERVERS)
async def test_a_shops_server_orders_once_signs_and_renders_a_page_without_us_too(
    language, demo, database, settings
):
    how, program = SERVERS[language]
    secret = with_key(database)["Authorization"].removeprefix("Bearer ")
    signing = {"shopper_signing_secrets": SECRET, "require_signed_shopper": True}
    async with serving(settings.model_copy(update=signing)) as api:
        known = {
            **os.environ,
            "RECS_API": str(api.base_url).rstrip("/"),
            "RECS_SECRET_KEY": secret,
            "SHOPPER_SIGNING_SECRET": SECRET,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        program = program.replace("ORDER", json.dumps(ORDER))
        said = await run(*how, program, env=known, cwd=EXAMPLES)
    first, again, lists, without = map(json.loads, said.splitlines())
    assert first == {"accepted": True, "duplicate": False, "userErrors": []}
    assert again == {"accepted": True, "duplicate": True, "userErrors": []}
    assert {e["node"]["productId"] for e in lists[0]["edges"]} == {"pan-00001", "lamp-00002"}
    assert without == []
    [bought] = database["events"].find({"shopper_id": "user:ann"})
    assert bought["unit_price"] == {"minor_units": 950, "currency": "EUR"}
    assert bought.get("trusted", True)


def test_the_page_on_privacy_says_of_every_collection_what_it_holds():
    page = (ROOT / "docs" / "gdpr.md").read_text()
    collections = {v for k, v in vars(stored).items() if k.isupper() and isinstance(v, str)}
    assert len(collections) >= 20
    assert {name for name in collections if f"`{name}`" not in page} == set()


def test_the_page_on_privacy_names_every_field_of_an_event():
    page = (ROOT / "docs" / "gdpr.md").read_text()
    row = next(line for line in page.splitlines() if line.startswith("| `events`"))
    fields = stored.event_document(
        an_event(
            "ann",
            "mug",
            EventType.RATING,
            quantity=2,
            rating=4.0,
            unit_price=Money.of("1", "EUR"),
            order_id="1",
            recommendation_id="r",
            rank=1,
            trusted=False,
        )
    )
    assert {f for f in fields if f"`{f}`" not in row} == {"_id", "trusted"}


async def test_old_events_are_removed_as_the_page_on_privacy_says(database, mongodb_uri, tmp_path):
    now = datetime.now(UTC)
    ages = {"mug": 3, "pan": 729, "lamp": 731}
    for product, days in ages.items():
        then = now - timedelta(days=days)
        stock(database, [], [an_event("ann", product, at=then, received_at=then)])
    script = tmp_path / "old.js"
    script.write_text(only("js", "gdpr.md").replace('"shop"', f'"{database.name}"'))
    mongosh = NODE_MODULES / ".bin" / "mongosh"
    home = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    await run(mongosh, mongodb_uri, "--quiet", "--file", script, env=home)
    assert database["events"].distinct("product_id") == ["mug", "pan"]
