"""Pages fetched ahead of their use."""

from __future__ import annotations

from collections.abc import Generator
from itertools import count
from threading import Event, get_ident

import pytest

from aegis.ahead import ahead

SECONDS = 60


def test_the_pages_come_in_order_and_empty_ones_too() -> None:
    assert list(ahead(page for page in ([1], [], None, [2, 3]))) == [[1], [], None, [2, 3]]


def test_of_no_pages_none_come() -> None:
    assert list(ahead(page for page in list[int]())) == []


def test_the_next_page_is_asked_for_while_the_last_is_worked_on() -> None:
    asked, here = Event(), get_ident()

    def pages() -> Generator[int]:
        assert get_ident() != here
        yield 1
        asked.set()
        yield 2

    given = ahead(pages())
    assert next(given) == 1
    assert asked.wait(SECONDS)
    assert list(given) == [2]


def test_an_error_comes_in_the_place_of_its_page() -> None:
    def pages() -> Generator[int]:
        yield 1
        raise LookupError("the second page")

    given = ahead(pages())
    assert next(given) == 1
    with pytest.raises(LookupError, match="the second page"):
        next(given)


def test_what_is_left_early_is_closed_one_page_ahead() -> None:
    closed, made = Event(), list[int]()

    def pages() -> Generator[int]:
        try:
            for number in count():
                made.append(number)
                yield number
        finally:
            closed.set()

    given = ahead(pages())
    assert next(given) == 0
    given.close()
    assert closed.is_set()
    assert made == [0, 1]
