"""A provider that asks nobody: deterministic answers of the schema's form, to try a task out. Never the default; every output says `rehearsal`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from batch.cleaning.provider import Completion, Prompt

LABEL = "[rehearsal]"


class Rehearsal:
    """Says nothing about the text."""

    name = "rehearsal"
    is_real = False

    def complete(self, prompt: Prompt) -> Completion:
        """The smallest answer that the schema allows, with text that is labelled where it may be."""
        return Completion(orjson.dumps(_value(prompt.schema)).decode(), len(prompt.text), 1)

    def close(self) -> None:
        """Nothing to give back."""


def _value(schema: Mapping[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    match kind:
        case "object":
            return {name: _value(each) for name, each in schema.get("properties", {}).items()}
        case "array":
            return [_value(schema.get("items", {})) for _ in range(schema.get("minItems", 0))]
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return False
        case "null":
            return None
        case _:
            return LABEL[: schema.get("maxLength", len(LABEL))].ljust(schema.get("minLength", 0), ".")
