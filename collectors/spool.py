"""A listing between its steps: a folder for each source, a file for each page. A step's own file, written last, says that the step reached its end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aegis.errors import Code
from aegis.fixes import Fix
from collectors.draft import Accepted, Document, PolicyDraft, Problem, Rejected
from collectors.failures import Handling, SourceFailed, Verdict
from collectors.portals.portal import Page
from collectors.staging import Staged

_FETCHED, _STAGED = "fetched.json", "staged.json"


@dataclass(frozen=True, slots=True)
class Spooled:
    """What a fetch brought."""

    source: str
    begun: float
    """When the first page was asked for, in seconds since the epoch."""
    pages: int
    records: int
    error: str | None
    """What ended it before its time."""
    error_code: str | None
    is_down: bool = False
    """Whether that may pass by itself, so that something may stand in for the source."""

    @property
    def failure(self) -> str:
        """What ended it, with its code where it has one."""
        return f"{self.error_code}: {self.error}" if self.error_code else self.error or ""


class Spool:
    """The folder of one source in one run. Whoever reads a step's pages has to know that the step ended: `fetched` and `is_staged` say so."""

    def __init__(self, folder: Path, source: str) -> None:
        self.source = source
        self._folder = folder / source

    def fetched(self) -> Spooled | None:
        """What was fetched; None where nothing was, or where it was interrupted."""
        known = self._known(_FETCHED)
        return None if known is None else Spooled(**known)

    @property
    def is_staged(self) -> bool:
        """Whether every page that was fetched has been staged."""
        return self._known(_STAGED) is not None

    def keep_fetched(self, pages: Iterable[Page], begun: float) -> Spooled:
        """Write pages as they come, in place of whatever was there. A portal's failure ends the listing and is kept with it; nothing is raised for it."""
        self.clear()
        count = records = 0
        failed: SourceFailed | None = None
        try:
            for count, page in enumerate(pages, start=1):
                records += len(page.records)
                self.add(count, page)
        except SourceFailed as error:
            failed = error
        if failed is None:
            return self.end(Spooled(self.source, begun, count, records, None, None))
        return self.end(Spooled(self.source, begun, count, records, failed.message, str(failed.code), failed.is_down))

    def clear(self) -> None:
        """Remove whatever is there."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, number: int, page: Page) -> None:
        """Write one page, counted from 1."""
        self._write(f"pages/{number:05}.json", {**_extent(page), "records": page.records})

    def end(self, spooled: Spooled) -> Spooled:
        """Write that the fetch ended, and how."""
        self._write(_FETCHED, asdict(spooled))
        return spooled

    def pages(self) -> Iterator[Page]:
        """The pages that were fetched, in the portal's order."""
        for known in self._read("pages"):
            yield Page(tuple(known["records"]), known["total"], known["is_least"], known["is_last"])

    def keep_staged(self, pages: Iterable[Staged]) -> dict[str, int]:
        """Write pages as they come, in place of whatever was there. Returns counts."""
        shutil.rmtree(self._folder / "staged", ignore_errors=True)
        (self._folder / _STAGED).unlink(missing_ok=True)
        counts = dict.fromkeys(("pages", "records", "accepted", "quarantined"), 0)
        for page in pages:
            counts["pages"] += 1
            counts["records"] += page.records
            counts["accepted"] += len(page.accepted)
            counts["quarantined"] += len(page.rejected)
            self._write(f"staged/{counts['pages']:05}.json", _staged_as_json(page))
        self._write(_STAGED, counts)
        return counts

    def staged(self) -> Iterator[Staged]:
        """The pages that were staged. Raises at their end the `SourceFailed` with which the fetch ended, so that nobody takes them for a whole listing."""
        for known in self._read("staged"):
            yield _staged_from_json(known)
        spooled = self.fetched()
        if spooled is not None and spooled.error is not None and spooled.error_code is not None:
            verdict = Verdict(Code(spooled.error_code), Handling.REST if spooled.is_down else Handling.FATAL, "fetch the listing again")
            raise SourceFailed(verdict, spooled.error)

    def _read(self, step: str) -> Iterator[dict[str, Any]]:
        for path in sorted((self._folder / step).glob("*.json")):
            yield json.loads(path.read_text(encoding="ascii"))

    def _known(self, name: str) -> dict[str, Any] | None:
        path = self._folder / name
        return json.loads(path.read_text(encoding="ascii")) if path.exists() else None

    def _write(self, name: str, value: Mapping[str, Any]) -> None:
        path = self._folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = path.with_suffix(".part")
        aside.write_text(json.dumps(value), encoding="ascii")  # json escapes what is not ASCII, lone surrogates of a broken portal included
        aside.replace(path)


def sources_in(folder: Path) -> list[str]:
    """Sources that have been fetched into `folder`."""
    return sorted(path.parent.name for path in folder.glob(f"*/{_FETCHED}"))


def _extent(page: Page | Staged) -> dict[str, Any]:
    return {"total": page.total, "is_least": page.is_least, "is_last": page.is_last}


def _staged_as_json(page: Staged) -> dict[str, Any]:
    return {
        **_extent(page),
        "records": page.records,
        "accepted": [_accepted_as_json(each) for each in page.accepted],
        "rejected": [{"problems": [asdict(problem) for problem in each.problems], "document": asdict(each.document)} for each in page.rejected],
        "ids": sorted(page.ids),
        "unidentified": sorted(page.unidentified),
    }


def _staged_from_json(known: Mapping[str, Any]) -> Staged:
    return Staged(
        known["records"],
        known["total"],
        tuple(map(_accepted, known["accepted"])),
        tuple(Rejected(tuple(map(_problem, each["problems"])), Document(**each["document"])) for each in known["rejected"]),
        frozenset(known["ids"]),
        frozenset(known["unidentified"]),
        known["is_least"],
        known["is_last"],
    )


def _accepted_as_json(each: Accepted) -> dict[str, Any]:
    fixes = [fix.as_document() for fix in each.fixes]
    return {"draft": each.draft.model_dump(mode="json"), "document": asdict(each.document), "fixes": fixes}


def _accepted(known: Mapping[str, Any]) -> Accepted:
    draft = PolicyDraft.model_validate_json(json.dumps(known["draft"]))
    return Accepted(draft, Document(**known["document"]), tuple(map(Fix.from_document, known["fixes"])))


def _problem(known: Mapping[str, str]) -> Problem:
    return Problem(Code(known["code"]), known["field"], known["reason"], known["remedy"])
