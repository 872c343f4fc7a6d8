"""What is said of a product is said in every language, and about the same things."""

import pytest

from recommender.facts.phrases import LANGUAGES, Phrase, Saying

VALUES = {
    **{saying: ("Mug", 2) for saying in Saying if saying.startswith("because_you")},
    Saying.UNLIKE: ("Mug", 2),
    Saying.BOUGHT_BEFORE: (3, 5),
    Saying.SHOPPERS_LIKE_YOU: ("Country", "France"),
}


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("saying", Saying)
def test_every_language_says_everything_and_names_what_it_is_about(locale, saying):
    said = LANGUAGES[locale].sayings[saying]
    values = VALUES.get(saying, ("Mug",) * said.count("{}"))
    text = Phrase(saying, values).text(locale)
    assert text
    assert not set("{}") & set(text)
    assert said.count("{}") == LANGUAGES["en"].sayings[saying].count("{}")
    for value in values:
        assert str(value) in text


@pytest.mark.parametrize(
    ("values", "locale", "text"),
    [
        ((1, 0), "en", "You bought it once, today"),
        ((2, 1), "en", "You bought it twice, last yesterday"),
        ((7, 30), "en-GB", "You bought it 7 times, last 30 days ago"),
        ((1, 1), "de", "Sie haben es einmal gekauft, gestern"),
        ((3, 12), "de_CH", "Sie haben es 3-mal gekauft, zuletzt vor 12 Tagen"),
        ((1, 0), "tlh", "You bought it once, today"),
        ((1, 0), "", "You bought it once, today"),
    ],
)
def test_what_was_bought_before_is_said_as_people_say_it(values, locale, text):
    assert Phrase(Saying.BOUGHT_BEFORE, values).text(locale) == text


def test_a_name_with_braces_in_it_is_only_a_name():
    assert Phrase(Saying.SIMILAR_TO, ("{0} {oops}",)).text() == "Similar to {0} {oops}"
    assert Phrase(Saying.UNLIKE, ("{}", 1)).text("de") == "Anders als {} und 1 weiteres Produkt"
