"""What to do with a connector: (desired, observed) → create, update or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from connectors.definition import Definition


class Action(StrEnum):
    """What registration would do."""

    CREATE = "create"
    UPDATE = "update"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Step:
    """The action for one connector, with the names of the settings that differ."""

    name: str
    action: Action
    differing: tuple[str, ...] = ()


def plan(desired: Definition, observed: Mapping[str, str] | None) -> Step:
    """The step that makes the stored configuration `observed` (None: not registered) equal to `desired`. Connect adds `name` to what it stores."""
    if observed is None:
        return Step(desired.name, Action.CREATE)
    stored = {key: value for key, value in observed.items() if key != "name"}
    wanted = {key: value for key, value in desired.config.items() if key != "name"}
    differing = tuple(sorted(key for key in stored.keys() | wanted.keys() if stored.get(key) != wanted.get(key)))
    return Step(desired.name, Action.UPDATE if differing else Action.NONE, differing)
