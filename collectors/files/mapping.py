"""What the columns of a folder's files mean, by its `mapping.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from aegis.codes import SIDO

MAPPING = "mapping.yaml"
DraftField = Literal[
    "source_id",
    "title",
    "content",
    "issuing_organization",
    "operating_organization",
    "category",
    "target_regions",
    "target_industries",
    "funding_amount_min",
    "funding_amount_max",
    "interest_rate",
    "application_start_date",
    "application_end_date",
    "application_period_text",
    "detail_url",
    "tags",
]


class BadMapping(Exception):
    """The folder's mapping cannot be used. The message names file, field and remedy."""


def _columns(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _encoding(name: str) -> str:
    try:
        "".encode(name)
    except LookupError as error:
        raise ValueError(f"no encoding is called {name!r}: write utf-8 or cp949, or leave it out") from error
    return name


def _region(code: str) -> str:
    if code not in SIDO:
        raise ValueError(f"no region has the code {code!r}: write the two digits of a province in quotes, as in aegis/codes.py")
    return code


Columns = Annotated[tuple[str, ...], BeforeValidator(_columns), Field(min_length=1)]
"""One column, or several whose texts are put together."""


class FixedValues(BaseModel):
    """What holds for every record of the folder that does not say otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuing_organization: str | None = None
    category: str | None = None
    region: Annotated[str, AfterValidator(_region)] | None = None


class FolderMapping(BaseModel):
    """Draft field → columns, and how the files are written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(pattern=r"^[\w-]{1,60}$")
    """Stands after `files.`; the folder's name where the file gives none."""
    title: str | None = None
    fields: dict[DraftField, Columns]
    fixed: FixedValues = FixedValues()
    volatile: tuple[str, ...] = ()
    """Columns that change without the policy changing."""
    encoding: Annotated[str, AfterValidator(_encoding)] | None = None
    """Of CSV; found out where it is not given."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    header: int = Field(default=1, ge=1, le=1000)
    """The row of CSV and Excel with the columns' names; what stands above it is passed over."""
    sheet: str | None = None
    """Of Excel; the first where it is not given."""
    rows: str | None = None
    """Where the records stand in JSON (`result.items`), or their element in XML (`item`)."""

    @model_validator(mode="after")
    def _says_the_least(self) -> Self:
        for field in ("source_id", "title"):
            if field not in self.fields:
                raise ValueError(f"fields.{field} is missing: name the column that it stands in")
        if len(self.fields["source_id"]) != 1:
            raise ValueError("fields.source_id must be one column")
        return self

    @property
    def columns(self) -> frozenset[str]:
        """Every column that a file must have."""
        return frozenset(column for columns in self.fields.values() for column in columns)


def mapping_in(folder: Path) -> FolderMapping:
    """The mapping of `folder`, its source named. Raises `BadMapping`."""
    path = folder / MAPPING
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
        return FolderMapping.model_validate({"source": folder.name, **value} if isinstance(value, dict) else value)
    except FileNotFoundError as error:
        raise BadMapping(f"{path} is missing: write one as docs/sources.md shows") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadMapping(f"{path}: it cannot be read as YAML in UTF-8 ({' '.join(str(error).split())})") from error
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, each['loc'])) or '(file)'}: {each['msg']}" for each in error.errors(include_url=False, include_input=False))
        raise BadMapping(f"{path}: {said}: compare it with docs/sources.md") from error
