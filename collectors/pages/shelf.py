"""The folder of site descriptions."""

from __future__ import annotations

from pathlib import Path

import structlog
import yaml
from pydantic import ValidationError

from collectors.pages.description import Description
from collectors.pages.site import PREFIX, Site

TEMPLATE = "_template.yaml"
log = structlog.get_logger(__name__)
SITES = Path(__file__).resolve().parents[2] / "resources" / "sites"


class BadDescription(Exception):
    """A site's file cannot be used. The message names file, field and remedy."""


def sites(folder: Path = SITES) -> dict[str, Site]:
    """Source → site, of every file in `folder` but those that begin with `_`. One that cannot be used is told in the log, and left out: it harms no other."""
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        if path.name.startswith("_"):
            continue
        try:
            site = described(path)
        except BadDescription as error:
            log.warning("collect.bad_site", file=path.name, reason=str(error))
        else:
            found[site.name] = site
    return found


def site_called(source: str, folder: Path = SITES) -> Site | None:
    """The site that is the source of that name; None where it has no file. Raises `BadDescription` where its file cannot be used."""
    site = source.removeprefix(PREFIX)
    is_there = source.startswith(PREFIX) and site in {path.stem for path in folder.glob("[!_]*.yaml")}
    return described(folder / f"{site}.yaml") if is_there else None


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
