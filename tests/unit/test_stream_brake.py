from __future__ import annotations

import pytest

from stream_apps.brake import Brake, TooManyRejections


def fed(brake: Brake, *batches: tuple[int, int]) -> Brake:
    for changes, rejections in batches:
        brake.check("redis", changes, rejections)
    return brake


@pytest.mark.parametrize(
    "batches",
    [
        [(500, 0)] * 10,
        [(100, 100)],
        [(1, 1)] * 100,
        [(500, 200)] * 5,
        [(500, 500 // 2)] * 5,
    ],
    ids=["none", "no more than are always let through", "one by one", "less than half", "just half"],
)
def test_it_lets_go_on(batches: list[tuple[int, int]]) -> None:
    fed(Brake(least=100), *batches)


@pytest.mark.parametrize(
    ("before", "last"),
    [([], (101, 101)), ([(500, 0)] * 9, (1500, 900)), ([(1, 1)] * 100, (1, 1)), ([(400, 50), (300, 200)], (300, 260))],
    ids=["all of a batch", "old batches do not excuse", "one by one", "over the window"],
)
def test_it_stops(before: list[tuple[int, int]], last: tuple[int, int]) -> None:
    brake = fed(Brake(least=100), *before)
    with pytest.raises(TooManyRejections, match="AEGIS_BRAKE_REJECTIONS"):
        brake.check("redis", *last)


def test_a_refused_batch_is_not_remembered() -> None:
    brake = Brake(least=100)
    for _ in range(3):
        with pytest.raises(TooManyRejections, match="101 of the last 101"):
            brake.check("redis", 101, 101)


def test_zero_takes_it_off() -> None:
    fed(Brake(least=0), (5000, 5000))
