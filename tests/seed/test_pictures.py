"""Every product of the demo shop has a picture, small and harmless."""

from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from seed.pictures import HANGING, NARROW, SHAPES, picture, pictures_needed, write_pictures
from seed.shop import products


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    write_pictures(folder)
    return folder


def test_every_product_has_a_picture(folder):
    shop = products(opened=datetime(2024, 6, 10, tzinfo=UTC))
    drawn = {f"/media/demo/{file.name}" for file in folder.iterdir()}
    assert {product.image_url for product in shop} <= drawn


def test_every_picture_is_small_xml_that_runs_and_fetches_nothing():
    namespace = "{http://www.w3.org/2000/svg}"
    for kind, colour in pictures_needed():
        text = picture(kind, colour)
        assert len(text.encode()) < 4_000, kind
        assert "$" not in text
        root = ElementTree.fromstring(text)
        assert {element.tag for element in root.iter()} <= {
            namespace + tag for tag in ("svg", "title", "rect", "circle", "ellipse", "path", "g")
        }
        attributes = {name for element in root.iter() for name in element.attrib}
        assert not any(name.startswith("on") or "href" in name for name in attributes)
        assert "url(" not in text


def test_a_second_run_writes_nothing(folder):
    assert write_pictures(folder) == 0


def test_a_spoilt_picture_is_drawn_again(folder):
    (folder / "mug-slate.svg").write_text("")
    assert write_pictures(folder) == 1


def test_nothing_is_drawn_that_no_product_needs():
    assert set(SHAPES) == {kind for kind, _ in pictures_needed()}
    assert set(HANGING) | set(NARROW) <= set(SHAPES)
