"""Nobody asks as somebody else."""

import hashlib
import hmac
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders import NOW
from hypothesis import given
from hypothesis import strategies as st

from recommender.facts.errors import Unauthenticated
from recommender.facts.signed_users import sign, user_of

SECRET, OTHER = "s" * 32, "o" * 32
LATER = NOW + timedelta(hours=1)
user_ids = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=128)


@given(user_ids)
def test_a_signed_id_comes_back_whatever_is_in_it(user_id):
    assert user_of(sign(user_id, LATER, SECRET), [SECRET], NOW) == user_id


def test_it_is_the_hmac_that_the_documents_say():
    said = f"ann.{int(LATER.timestamp())}"
    expected = hmac.new(SECRET.encode(), said.encode(), hashlib.sha256).hexdigest()
    assert sign("ann", LATER, SECRET) == f"{said}.{expected}"


def test_while_secrets_change_the_old_one_is_good_too():
    assert user_of(sign("ann", LATER, OTHER), [SECRET, OTHER], NOW) == "ann"


@given(st.data())
def test_no_change_of_a_signed_id_is_taken(data):
    signed = sign("ann.1", LATER, SECRET)
    place = data.draw(st.integers(0, len(signed) - 1))
    letter = data.draw(st.characters(codec="utf-8").filter(lambda c: c != signed[place]))
    with pytest.raises(Unauthenticated, match="not signed"):
        user_of(signed[:place] + letter + signed[place + 1 :], [SECRET], NOW)


@given(st.text(max_size=200))
def test_whatever_is_sent_is_refused_and_never_our_mistake(text):
    with pytest.raises(Unauthenticated):
        user_of(text, [SECRET], NOW)


def test_the_secret_of_another_shop_does_not_do():
    with pytest.raises(Unauthenticated, match="SHOPPER_SIGNING_SECRETS"):
        user_of(sign("ann", LATER, OTHER), [SECRET], NOW)


def test_it_ends_when_it_says():
    signed = sign("ann", LATER, SECRET)
    assert user_of(signed, [SECRET], LATER - timedelta(seconds=1)) == "ann"
    with pytest.raises(Unauthenticated, match="expired"):
        user_of(signed, [SECRET], LATER)


def test_an_end_that_is_no_number_is_no_end():
    said = "ann.never"
    signature = hmac.new(SECRET.encode(), said.encode(), hashlib.sha256).hexdigest()
    with pytest.raises(Unauthenticated, match="expired"):
        user_of(f"{said}.{signature}", [SECRET], NOW)


DOCUMENT = Path("docs/security.md").read_text()
RUN = {
    "python": (sys.executable, "-c", "\nprint(signed_user_id('ann.1', '%s'))"),
    "js": ("node", "--input-type=module", "-e", "\nconsole.log(signedUserId('ann.1', '%s'))"),
    "php": ("php", "-r", "\necho signed_user_id('ann.1', '%s');"),
}


@pytest.mark.parametrize("language", RUN)
def test_what_the_documents_tell_shops_to_do_is_right(language):
    *command, call = RUN[language]
    [code] = re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    signed = subprocess.run(
        [*command, code + call % SECRET], check=True, capture_output=True, text=True
    ).stdout
    assert user_of(signed.strip(), [SECRET], datetime.now(UTC)) == "ann.1"
