"""The folder of site descriptions."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError

from collectors.pages.description import Description
from collectors.pages.site import Site

TEMPLATE = "_template.yaml"
SITES = Path(__file__).resolve().parents[2] / "resources" / "sites"


class BadDescription(Exception):
    """A site's file cannot be used. The message names file, field and remedy."""


def sites(folder: Path = SITES) -> dict[str, Site]:
    """Source → site, of every file in `folder` but those that begin with `_`. Raises `BadDescription` for the first that cannot be used."""
    found = (described(path) for path in sorted(folder.glob("*.yaml")) if not path.name.startswith("_"))
    return {site.name: site for site in found}


def described(path: Path) -> Site:
    """The site in one file. Raises `BadDescription`."""
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadDescription(f"{path.name}: it cannot be read as YAML in UTF-8 ({' '.join(str(error).split())}): compare it with {TEMPLATE}") from error
    try:
        description = Description.model_validate(value)
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, each['loc'])) or '(file)'}: {each['msg']}" for each in error.errors(include_url=False, include_input=False))
        raise BadDescription(f"{path.name}: {said}: compare it with {TEMPLATE}") from error
    if not path.name.startswith("_") and description.site != path.stem:
        raise BadDescription(f"{path.name}: site: it is {description.site!r}: give the file that name, or the site the file's")
    return Site(description)
