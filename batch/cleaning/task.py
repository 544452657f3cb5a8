"""A cleaning task, as a file of `resources/cleaning` describes it. Pure apart from reading the file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import yaml
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from aegis.errors import AegisError, Code
from aegis.files.schemas import DRAFT_COLUMNS

TASKS = Path(__file__).resolve().parents[2] / "resources" / "cleaning"
"""Folder of the tasks that come with Aegis; `<task_name>.yaml`, or `.json`."""

_templates = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)  # a prompt is no page


class BadTask(AegisError):
    """A task's file cannot be used. The message names file, field and remedy."""


class Prices(BaseModel):
    """US dollars per million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: Annotated[Decimal, Field(ge=0)]
    output: Annotated[Decimal, Field(ge=0)]

    def of(self, input_tokens: int, output_tokens: int) -> Decimal:
        """What so many tokens cost, in dollars."""
        return (self.input * input_tokens + self.output * output_tokens) / 1_000_000


class Task(BaseModel):
    """What a model is asked about each row, and what its answer must look like."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
    description: Annotated[str, Field(min_length=1)]
    inputs: Annotated[tuple[str, ...], Field(min_length=1)]
    """Columns whose values are sent, and nothing else. Only a policy's own: raw records name officials."""
    system_message: str
    prompt: Annotated[str, Field(min_length=1)]
    """A Jinja template over `inputs`."""
    model: Annotated[str, Field(min_length=1)]
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=32_000)]
    max_input_characters: Annotated[int, Field(ge=1)] = 8_000
    """Of each input; what follows is not sent."""
    prices: Prices | None = None
    output_schema: Mapping[str, Any]

    @field_validator("inputs")
    @classmethod
    def _policies_own(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in names if name not in DRAFT_COLUMNS]:
            raise ValueError(f"{unknown[0]!r} is no column of a policy: take of {', '.join(DRAFT_COLUMNS)}")
        return names

    @model_validator(mode="after")
    def _usable(self) -> Task:
        if self.output_schema.get("type") != "object":
            raise ValueError("output_schema: its type must be object, so that each property becomes a column")
        try:
            Draft202012Validator.check_schema(self.output_schema)
        except SchemaError as error:
            raise ValueError(f"output_schema: {error.message}") from error
        try:
            self.text(dict.fromkeys(self.inputs, ""))
        except TemplateError as error:
            raise ValueError(f"prompt: {error.message}; it may name {', '.join(self.inputs)}") from error
        return self

    @property
    def columns(self) -> Sequence[str]:
        """The properties of an answer."""
        return tuple(self.output_schema.get("properties", {}))

    @cached_property
    def validator(self) -> Draft202012Validator:
        """Of answers."""
        return Draft202012Validator(self.output_schema)

    def text(self, row: Mapping[str, Any]) -> str:
        """What is asked about `row`: column → value."""
        return _templates.from_string(self.prompt).render({name: self._value(row.get(name)) for name in self.inputs})

    def problem(self, output: object) -> str | None:
        """Why `output` is no answer; None where it is one."""
        error = next(iter(self.validator.iter_errors(output)), None)
        return None if error is None else f"{error.json_path}: {error.message[:200]}"

    def request_hash(self, row: Mapping[str, Any], provider: str, model: str) -> str:
        """SHA-256 of everything that decides the answer, in hexadecimal."""
        parts = [provider, model, self.temperature, self.max_tokens, self.system_message, self.text(row), self.output_schema]
        return sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()).hexdigest()

    def _value(self, value: Any) -> str:
        text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)
        return text[: self.max_input_characters]


def load(named: str) -> Task:
    """The task of that name, or in that file (YAML or JSON). Raises `BadTask`."""
    path = (
        Path(named)
        if named.endswith((".yaml", ".yml", ".json"))
        else next((TASKS / f"{named}{end}" for end in (".yaml", ".json") if (TASKS / f"{named}{end}").exists()), None)
    )
    if path is None or not path.exists():
        raise BadTask(Code.INVALID_FORMAT, f"no task {named!r}: there are {', '.join(names())}; or give a file")
    try:
        return Task.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise BadTask(Code.INVALID_FORMAT, f"{path.name} is no YAML ({' '.join(str(error).split())[:200]}): mend it") from error
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'the task'}: {each['msg']}" for each in error.errors(include_url=False, include_input=False))
        raise BadTask(Code.VALIDATION_FAILED, f"{path.name}: {told}; compare it with docs/cleaning.md") from error


def names() -> list[str]:
    """The tasks that come with Aegis."""
    return sorted(path.stem for path in TASKS.iterdir() if path.suffix in {".yaml", ".json"})
