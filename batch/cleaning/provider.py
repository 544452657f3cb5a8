"""What is asked of a provider of language models, and what it may answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aegis.errors import AegisError


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request."""

    system: str
    text: str
    model: str
    temperature: float | None
    max_tokens: int
    schema: Mapping[str, Any]
    """JSON Schema of the answer."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer: JSON text, not yet looked at."""

    text: str
    input_tokens: int
    output_tokens: int


class Overloaded(AegisError):
    """The provider wants to be asked later (429, 5xx, 529, no connection): the same request may succeed then."""

    def __init__(self, *arguments: Any, wait_seconds: float = 0.0) -> None:
        super().__init__(*arguments)
        self.wait_seconds = wait_seconds
        """Least time to wait, by its Retry-After; 0 leaves it to the back-off."""


class ProviderRefused(AegisError):
    """No repetition would help: the key, the model or the request is refused. The message says so without the key."""


class Provider(Protocol):
    """Answers prompts. Safe for several threads; blocks for one request."""

    name: str
    is_real: bool
    """Whether a model answers: False of the rehearsal."""

    def complete(self, prompt: Prompt) -> Completion:
        """One answer, after one request. Raises `Overloaded` and `ProviderRefused`."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...
