"""Every error has a code, and every code is documented."""

import re
from pathlib import Path

from graphql_api.errors import ErrorCode
from recommender.facts.errors import RecommenderError


def test_every_code_is_documented_once():
    documented = re.findall(r"^\| `([A-Z_]+)` \|", Path("docs/errors.md").read_text(), re.MULTILINE)
    assert documented == list(ErrorCode)


def errors_below(kind):
    return [kind] + [e for below in kind.__subclasses__() for e in errors_below(below)]


def test_every_error_of_the_recommender_has_one_of_the_codes():
    assert {error.code for error in errors_below(RecommenderError)} <= set(ErrorCode)
