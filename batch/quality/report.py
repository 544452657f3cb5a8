"""Reports of a run: a page with charts for the run and for each source, the same as JSON beside them, and an index of all runs."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aegis.korea import KOREA
from batch.quality import charts
from batch.quality.findings import TRENDED, SourceQuality
from batch.quality.outlier import Outlier
from batch.quality.profile import SCORE_BINS
from batch.quality.run import Quality
from batch.quality.trend import AHEAD_DAYS

FOLDER = "quality"
MOST_RUNS = 90
"""Reports that are kept; measurements stay in PostgreSQL."""
_RUN = re.compile(r"\d{8}_\d{6}")


@dataclass(frozen=True, slots=True)
class Written:
    """Where a report is."""

    index: Path
    page: Path
    json: Path


def write(found: Quality, reports: Path, at: datetime) -> Written:
    """Write the report of `found` below the folder `reports`. A page appears whole or not at all; the index is written last."""
    run = f"{at.astimezone(KOREA):%Y%m%d_%H%M%S}"
    folder = reports / FOLDER / run
    folder.mkdir(parents=True, exist_ok=True)
    pages = _environment(run, at)
    for one in found.sources:
        _keep(folder / f"{file_name(one.profile.source)}.json", orjson.dumps(one.as_document(), option=orjson.OPT_INDENT_2))
        _keep(folder / f"{file_name(one.profile.source)}.html", _source_page(pages, one).encode())
    _keep(folder / "quality.json", orjson.dumps(found.as_document(), option=orjson.OPT_INDENT_2))
    _keep(folder / "index.html", _run_page(pages, found).encode())
    _forget(folder.parent)
    _keep(folder.parent / "index.html", pages.get_template("index.html.j2").render(runs=_runs(folder.parent)).encode())
    return Written(folder.parent / "index.html", folder / "index.html", folder / "quality.json")


def file_name(source: str) -> str:
    """A source's name as part of a path: a name may hold what a path may not."""
    return re.sub(r"[^\w-]", "_", source)


def _environment(run: str, at: datetime) -> Environment:
    environment = Environment(loader=PackageLoader("batch.quality"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["file_name"] = file_name
    environment.globals |= {"run": run, "written": f"{at.astimezone(KOREA):%Y-%m-%d %H:%M %Z}", "ahead": AHEAD_DAYS}
    return environment


def _run_page(pages: Environment, found: Quality) -> str:
    scores = {one.profile.source: one.profile.score for one in found.sources}
    policies = sum(one.profile.count for one in found.sources)
    mean = sum(one.profile.score * one.profile.count for one in found.sources) / policies if policies else 0.0
    alt = "Mean quality score of each source, with the threshold: " + ", ".join(f"{name} {score:.3f}" for name, score in scores.items())
    chart = _markup(charts.bars(scores, alt, mark=found.threshold, percent=False))
    outliers = [_sentence(each) for each in found.outliers]
    shown = {name: getattr(found, name) for name in ("on", "threshold", "anomalies", "warnings", "sources", "quarantined", "fixed")}
    return pages.get_template("run.html.j2").render(quality={**shown, "outliers": outliers}, policies=policies, mean=mean, chart=chart)


def _sentence(outlier: Outlier) -> dict[str, str]:
    return {"sentence": f"{outlier.policy_id}: {outlier.words}"}


def _source_page(pages: Environment, one: SourceQuality) -> str:
    bins = [(number / SCORE_BINS, (number + 1) / SCORE_BINS, count) for number, count in enumerate(one.profile.scores) if count]
    return pages.get_template("source.html.j2").render(one=one, charts={name: _markup(svg) for name, svg in _charts(one).items()}, bins=bins)


def _charts(one: SourceQuality) -> dict[str, str]:
    profile = one.profile
    series = {name.removeprefix("score."): one.series[name] for name in TRENDED}
    forecast = next((each for each in one.trends if each.metric == "score"), None)
    nulls = dict(sorted(profile.null_shares.items(), key=lambda item: (-item[1], item[0])))
    score_alt = f"Mean score of {profile.source} and its parts over {len(one.series['score'])} days; today {profile.score:.3f}, threshold {profile.threshold}"
    return {
        "score": charts.lines(series, score_alt, threshold=profile.threshold, forecast=forecast),
        "histogram": charts.histogram(
            profile.scores, f"Scores of {profile.count} policies; {profile.below:.1%} are below the threshold", mark=profile.threshold
        ),
        "nulls": charts.bars(nulls, "Share of policies without a value, by field; the table beside has the numbers"),
        "count": charts.lines({"policies": one.series["count"]}, f"Number of policies over the days; today {profile.count}"),
        "categories": charts.bars(profile.categories, "Share of policies by category; the table beside has the numbers", whole=None),
        "regions": charts.bars(profile.regions, "Share of policies by region; the table beside has the numbers", whole=None),
    }


def _markup(svg: str) -> Markup:
    """What matplotlib wrote: it escapes every label itself."""
    return Markup(svg)  # noqa: S704  # see above


def _forget(folder: Path) -> None:
    """Remove the oldest reports; nothing that is no report of a run."""
    runs = sorted((path for path in folder.iterdir() if _RUN.fullmatch(path.name)), reverse=True)
    for path in runs[MOST_RUNS:]:
        shutil.rmtree(path, ignore_errors=True)


def _runs(folder: Path) -> list[dict[str, Any]]:
    return [_run(path) for path in sorted(folder.glob("*/quality.json"), reverse=True) if _RUN.fullmatch(path.parent.name)]


def _run(path: Path) -> dict[str, Any]:
    known = orjson.loads(path.read_bytes())
    scores = {each["source"]: each["profile"]["score"] for each in known["sources"]}
    return {"run": path.parent.name, **{name: known[name] for name in ("on", "threshold", "anomalies", "warnings")}, "sources": scores}


def _keep(path: Path, content: bytes) -> None:
    aside = path.with_suffix(f"{path.suffix}.part")
    aside.write_bytes(content)
    aside.replace(path)
