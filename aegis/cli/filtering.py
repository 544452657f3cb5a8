"""Options that say which records a command is about, gathered into one argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import wraps
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])
PREFIX = "chosen_"
"""Before the name of each option's argument: it must not clash with those that the command has itself."""


def filtering(choice: type[Any], options: Sequence[Callable[[F], F]]) -> Callable[[F], F]:
    """A decorator that adds `options` (one for each field of the dataclass `choice`, as `chosen_<field>`) and gives the command a `choice` made of them."""
    names = [field.name for field in fields(choice)]

    def filters(command: F) -> F:
        @wraps(command)
        def chosen(**given: Any) -> Any:
            return command(choice=choice(**{name: given.pop(PREFIX + name) for name in names}), **given)

        for option in reversed(options):
            chosen = option(cast("F", chosen))
        return cast("F", chosen)

    return filters
