"""Asks many servers at once, and waits for none of them longer than it was told to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Thread
from time import monotonic
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why there is no answer, in one line."""

    reason: str


def one_line(error: BaseException) -> str:
    """The first line of what `error` says, after its class where that tells more."""
    text = " ".join(_words(error).split("\n", maxsplit=1)[0].split())
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__


def _words(error: BaseException) -> str:
    """What `error` says, without the wrapping of librdkafka's and Milvus' errors."""
    inner = error.args[0] if error.args else None
    if callable(says := getattr(inner, "str", None)):  # confluent_kafka.KafkaError
        return str(says())
    return str(getattr(error, "message", error))


def ask_all(questions: Mapping[str, Callable[[], T]], seconds: float) -> dict[str, T | Fault]:
    """The answer of each question, asked in a thread of its own; a `Fault` where it raised or said nothing within `seconds`.

    A thread that hangs in a driver is left behind as a daemon: it cannot keep the command from ending.
    """
    answers: Queue[tuple[str, T | Fault]] = Queue()

    def ask(name: str, question: Callable[[], T]) -> None:
        try:
            answers.put((name, question()))
        except Exception as error:  # noqa: BLE001  # any driver's error is the answer "it does not work, because"
            answers.put((name, Fault(one_line(error))))

    for name, question in questions.items():
        Thread(target=ask, args=(name, question), name=f"ask-{name}", daemon=True).start()
    found: dict[str, T | Fault] = {}
    deadline = monotonic() + seconds
    while len(found) < len(questions):
        try:
            name, answer = answers.get(timeout=max(0.0, deadline - monotonic()))
        except Empty:
            break
        found[name] = answer
    return {name: found.get(name, Fault(f"no answer within {seconds:.0f} s")) for name in questions}
