"""Numbers, probabilities and lists as a reader expects them."""

import pytest

from santorio.rendering.text import as_given, join_words, number, percent, plural


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234.4, "1234"),
        (12.34, "12.3"),
        (1.234, "1.23"),
        (0.0123, "0.012"),
        (-3.5, "−3.50"),
        (-0.0001, "0.000"),
    ],
)
def test_a_number_has_the_digits_that_a_reader_can_use(value: float, text: str) -> None:
    assert number(value) == text


def test_a_sign_is_shown_where_asked_for_but_never_of_zero() -> None:
    assert number(2.5, signed=True) == "+2.50"
    assert number(0.0001, signed=True) == "0.000"


def test_a_probability_is_never_certain() -> None:
    assert [percent(p) for p in (1.0, 0.996, 0.994, 0.5, 0.006, 0.0)] == [
        "over 99 %",
        "over 99 %",
        "99 %",
        "50 %",
        "1 %",
        "under 1 %",
    ]


def test_a_chosen_number_keeps_its_digits() -> None:
    assert as_given(0.25, "h") == "0.25 h"
    assert as_given(-3.0) == "−3"


def test_words_are_joined_as_in_a_sentence() -> None:
    assert [join_words(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert (plural(1, "day"), plural(2, "day")) == ("1 day", "2 days")
