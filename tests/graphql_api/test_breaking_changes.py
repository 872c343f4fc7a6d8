"""No change of the schema breaks a client that the last release served."""

import re
import subprocess
from pathlib import Path

import pytest
from graphql import build_schema
from graphql.utilities import find_breaking_changes
from graphql.utilities.find_schema_changes import BreakingChangeType

SCHEMA = "graphql_api/schema.graphql"


def breaking_changes(old, new):
    """What the second schema takes away from clients of the first."""
    return [
        change.description
        for change in find_breaking_changes(build_schema(old), build_schema(new))
        # graphql-core says so of a standard scalar that a schema has no use for any more.
        if not (
            change.type is BreakingChangeType.TYPE_REMOVED
            and "Standard scalar" in change.description
        )
    ]


def git(*command):
    return subprocess.run(["git", *command], capture_output=True, text=True, check=False)


def test_clients_of_the_last_release_are_served_as_before():
    tag = git("describe", "--tags", "--abbrev=0").stdout.strip()
    if not tag:
        pytest.skip("There is no release tag yet, so there is no client to break.")
    released = git("show", f"{tag}:{SCHEMA}")
    assert released.returncode == 0, released.stderr
    assert breaking_changes(released.stdout, Path(SCHEMA).read_text()) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("type Query { a: Int b: Int }", "type Query { a: Int }"),
        ("type Query { a: Int! }", "type Query { a: Int }"),
        ("type Query { a(b: Int): Int }", "type Query { a(b: Int!): Int }"),
        ("type Query { a(b: Int): Int }", "type Query { a: Int }"),
        ("enum E { A B } type Query { e: E }", "enum E { A } type Query { e: E }"),
        ("type A { b: Int } type Query { a: A }", "type Query { a: Int }"),
    ],
)
def test_what_would_break_a_client_is_found(old, new):
    assert breaking_changes(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("type Query { a: Int }", "type Query { a: Int b: Int }"),
        ("type Query { a: Int }", "type Query { a: Int! }"),
        ("type Query { a: Int }", "type Query { a(b: Int): Int }"),
        ("type Query { a(b: Int): String }", "type Query { a(b: Int, c: Float = 1): String }"),
    ],
)
def test_what_is_only_added_breaks_nobody(old, new):
    assert breaking_changes(old, new) == []


def test_a_standard_scalar_that_nothing_uses_any_more_is_no_loss_of_its_own():
    old, new = "type Query { a: Int b: Float }", "type Query { a: Int }"
    assert breaking_changes(old, new) == ["Field Query.b was removed."]


def test_a_field_taken_from_our_own_schema_is_found():
    now = Path(SCHEMA).read_text()
    before = re.sub(r"(type Product .*?\{)", r"\1 taken: Int!", now, count=1)
    assert breaking_changes(before, now) == ["Field Product.taken was removed."]
