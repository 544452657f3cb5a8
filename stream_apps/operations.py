"""What the cold path asks of a store beside writing: to forget, and to restore. In calls of many keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog

from aegis.change import Change, Operation
from aegis.errors import Code, Undecodable
from aegis.message import Message
from aegis.stores.protocol import Store

FORGOTTEN = "forgotten"
RESTORED = "restored"
STALE = "stale"
"""Of those that did nothing: something else stands there by now."""

NO_IMAGE = (KeyError, TypeError, ValueError, AttributeError)
"""What a driver raises at a JSON value of another shape than its images have."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a store."""

    operation: Operation
    table: str
    arguments: dict[str, Any] = field(default_factory=dict)
    """Key → expected stamp, packed (forget), or image (restore)."""


def calls(operations: Iterable[tuple[Message, Change]]) -> tuple[Sequence[Call], Sequence[tuple[Message, Undecodable]]]:
    """The calls that do `operations` in their order, and those of them that cannot be read. A call has each key once."""
    made: list[Call] = []
    unusable = []
    for message, change in operations:
        try:
            argument = change.expected if change.operation is Operation.FORGET else _image(change)
        except Undecodable as error:
            unusable.append((message, error))
            continue
        if not made or (made[-1].operation, made[-1].table) != (change.operation, change.table) or change.key in made[-1].arguments:
            made.append(Call(change.operation, change.table))
        made[-1].arguments[change.key] = argument
    return made, unusable


def perform(store: Store, call: Call) -> Counter[str]:
    """Verdict → number of keys. Raises `StoreUnavailable`."""
    if call.operation is Operation.FORGET:
        verdict, done = FORGOTTEN, store.forget(call.table, call.arguments)
    else:
        verdict, done = RESTORED, _restore(store, call)
    return +Counter({verdict: done, STALE: len(call.arguments) - done})


def _restore(store: Store, call: Call) -> int:
    """How many were put back. An image that is none of this store's (an earlier release made it) is left out and logged: it must not end every worker."""
    try:
        return store.restore(call.table, call.arguments)
    except NO_IMAGE as error:
        if len(call.arguments) == 1:
            log.exception("restore.refused", store=store.name, table=call.table, key=next(iter(call.arguments)), error_class=type(error).__name__)
            return 0
    return sum(_restore(store, Call(call.operation, call.table, {key: image})) for key, image in call.arguments.items())


def _image(change: Change) -> Any:
    """Raises `Undecodable`."""
    try:
        return orjson.loads(change.restored or "")
    except ValueError as error:
        raise Undecodable(Code.INVALID_FORMAT, f"correction for {change.table} {change.key}: image to restore is no JSON: {error}") from error
