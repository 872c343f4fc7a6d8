"""The demo shop in a database: the whole story in one command, and safe to run twice."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from datetime import timedelta

import pytest
from builders import NOW, a_free_port, a_product, stock
from rich.console import Console
from rich.progress import Progress

from recommender.facts.errors import ServerUnavailable
from seed.demo import AnotherShop, DemoSize, is_seeded, may_be_seeded, seed_demo
from seed.serve import serve

SMALL = DemoSize(products=200, events=2_000, shoppers=100, days=40)


def seed(database, settings, size=SMALL, now=NOW):
    return seed_demo(database, settings, size, Progress(console=Console(quiet=True)), now)


def everything(database):
    return {name: list(database[name].find(sort=[("_id", 1)])) for name in ("products", "events")}


def test_seeding_twice_changes_nothing_even_days_later(database, settings):
    first = seed(database, settings)
    assert first.products == 200
    assert 1_000 < first.events < 4_000
    before = everything(database)
    second = seed(database, settings, now=NOW + timedelta(days=3))
    assert (second.products, second.events) == (0, 0)
    assert everything(database) == before


def test_seeding_goes_on_where_it_was_interrupted(database, settings):
    seed(database, settings)
    before = everything(database)
    database["seeds"].update_one({"_id": "demo"}, {"$set": {"done": False}})
    database["events"].delete_many({"product_id": {"$gte": "m"}})
    assert not is_seeded(database)
    seed(database, settings, now=NOW + timedelta(days=3))
    assert everything(database) == before
    assert is_seeded(database)


def test_another_shop_is_never_mixed_with_the_demo(database, settings):
    stock(database, [a_product("real")])
    assert not may_be_seeded(database)
    with pytest.raises(AnotherShop, match="not the demo shop's"):
        seed(database, settings)
    assert database["products"].estimated_document_count() == 1


def test_a_demo_shop_of_another_size_is_refused(database, settings):
    seed(database, settings)
    with pytest.raises(AnotherShop, match="of another size"):
        seed(database, settings, DemoSize(products=300, events=2_000, shoppers=100, days=40))


def test_pictures_are_drawn_into_the_folder_that_the_api_serves(database, settings):
    seed(database, settings)
    image = database["products"].find_one({"image_url": {"$exists": True}})["image_url"]
    assert image.startswith("/media/demo/")
    assert (settings.data_dir / image.removeprefix("/")).exists()


@pytest.fixture
def small_demo(database, settings):
    seed(database, settings)
    size = {"seed": 1, "products": 200, "events": 2_000, "shoppers": 100, "days": 40}
    assert database["seeds"].find_one({"_id": "demo"}, {**dict.fromkeys(size, 1), "_id": 0}) == size


def test_one_command_trains_serves_prints_what_to_paste_and_stops_on_ctrl_c(
    database, settings, small_demo
):
    port = a_free_port()
    for model_is_there in (False, True):
        demo = subprocess.Popen(
            [sys.executable, "-m", "seed"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={
                "MONGODB_URI": settings.mongodb_uri,
                "MONGODB_DATABASE": settings.mongodb_database,
                "DATA_DIR": str(settings.data_dir),
                "PORT": str(port),
                "PATH": os.environ["PATH"],
                "COLUMNS": "200",
            },
        )
        printed = ""
        for line in demo.stdout:
            printed += line
            if "Ctrl-C stops everything" in line:
                break
        assert ("ndcg@10" in printed) != model_is_there
        address = re.search(r"http://127.0.0.1:\d+/api/recommendations\?user_id=\S+", printed)
        with urllib.request.urlopen(address.group(0)) as answer:
            shelf = json.load(answer)
        assert shelf["recommendations"]
        assert shelf["model_version"]
        with urllib.request.urlopen(shelf["recommendations"][0]["image"]) as picture:
            assert picture.headers["content-type"] == "image/svg+xml"
        os.killpg(demo.pid, signal.SIGINT)
        _, errors = demo.communicate(timeout=30)
        assert demo.returncode == 0, errors
        assert "Traceback" not in errors


def test_another_program_on_the_port_is_not_taken_for_the_shop(database, settings, small_demo):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = settings.model_copy(update={"port": other.getsockname()[1]})
        with pytest.raises(ServerUnavailable, match=r"cannot listen.* set PORT"):
            serve(taken)
    assert database["models"].count_documents({}) == 0  # said before the long work
