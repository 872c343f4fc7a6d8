"""A figure of matplotlib as SVG that stands in a page, and is as dark or light as the page is."""

import io
import re
import warnings
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as ET

from matplotlib.figure import Figure

SVG = "http://www.w3.org/2000/svg"
XLINK = "{http://www.w3.org/1999/xlink}href"
FONT = re.compile(r"(?:.*?\s)?([\d.]+)px\s")
"""The size in CSS's shorthand for a font."""
REFERENCE = re.compile(r"url\(#([^)]+)\)")
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What XML cannot hold."""


def inline_svg(figure: Figure, name: str, alt: str, variables: Mapping[str, str]) -> str:
    """The figure as an element of a page.

    Its colours are the page's, its text is text in the page's font, and it has neither styles, so
    that a strict content security policy lets it be, nor ids that another figure has.

    Args:
        figure: what was drawn.
        name: of the figure; one of its own in the page.
        alt: what is to be seen, for who does not see it.
        variables: colour, as #rrggbb -> the CSS variable that stands for it.
    """
    drawn = io.BytesIO()
    with warnings.catch_warnings():
        # The page's font has what the font that widths are estimated with lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
    # What matplotlib just wrote holds no entities.
    root = ET.fromstring(UNPRINTABLE.sub("", drawn.getvalue().decode()))  # noqa: S314
    ET.register_namespace("", SVG)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        for key, value in _attributes(element, name, variables):
            element.set(key, value)
    for size in ("width", "height", "version"):
        root.attrib.pop(size, None)
    root.set("role", "img")
    root.set("aria-label", alt)
    return ET.tostring(root, encoding="unicode")


def _attributes(
    element: ET.Element, name: str, variables: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """What becomes of the attributes of an element; those that go are taken away."""
    style = element.attrib.pop("style", "")
    properties = [p.split(":", 1) for p in style.split(";") if ":" in p]
    pairs = [(key.strip(), value.strip()) for key, value in properties]
    if (target := element.attrib.pop(XLINK, None)) is not None:
        yield "href", f"#{name}-{target.removeprefix('#')}"
    for key, value in [*element.attrib.items(), *pairs]:
        if key == "font":
            if size := FONT.match(value):
                yield "font-size", size[1]
            if "bold" in value:
                yield "font-weight", "bold"
        elif key == "id":
            yield key, f"{name}-{value}"
        elif key != "font-family":
            value = REFERENCE.sub(rf"url(#{name}-\1)", value)
            yield key, variables.get(value, value)
