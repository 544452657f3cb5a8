"""A connector's definition: a JSON file with placeholders.

`{{ name }}` is filled here from settings and holds nothing secret. `${provider:…}` is left for Connect's config provider, which resolves it in the worker:
secrets never enter the stored configuration.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFINITIONS = Path(__file__).parent / "definitions"
_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class UnfilledPlaceholder(Exception):
    """A definition asks for a value that nobody gave."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A connector as it shall be."""

    name: str
    config: Mapping[str, str]

    def evolve(self, name: str, **config: str) -> Definition:
        """This definition under another name, with other values; `_` stands for `.` in the names of `config`."""
        return Definition(name, {**self.config, **{key.replace("_", "."): value for key, value in config.items()}})


def definitions(values: Mapping[str, str], folder: Path = DEFINITIONS) -> tuple[Definition, ...]:
    """Every definition in `folder`, filled with `values`. Raises UnfilledPlaceholder."""
    return tuple(_definition(path, values) for path in sorted(folder.glob("*.json")))


def _definition(path: Path, values: Mapping[str, str]) -> Definition:
    stored = json.loads(path.read_text(encoding="utf-8"))
    return Definition(stored["name"], {key: _fill(path.name, key, value, values) for key, value in stored["config"].items()})


def _fill(file: str, key: str, text: str, values: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            raise UnfilledPlaceholder(f"{file}: {key} asks for {{{{ {name} }}}}; known are {', '.join(sorted(values))}")
        return values[name]

    return _PLACEHOLDER.sub(value, text)
