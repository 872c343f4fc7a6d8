"""What a person at a terminal is shown."""

import pytest
from builders import a_product, stock
from rich.console import Console

from workers.recommend import as_table, shelf_for


@pytest.mark.parametrize("user_id", ["ann", "[/x]", "[bold]ann"])
def test_names_are_shown_as_they_are_whatever_they_look_like(database, settings, user_id):
    stock(database, [a_product("mug", name="Mug [set of 2] x"), a_product("[/pen]")])
    console = Console(width=200)
    with console.capture() as printed:
        console.print(as_table(shelf_for(database, settings, user_id, 10), user_id))
    for text in (f"For {user_id}", "Mug [set of 2] x", "[/pen]"):
        assert text in printed.get()
