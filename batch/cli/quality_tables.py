"""Quality on the terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from batch.quality.profile import Profile
from batch.quality.run import Quality

VALUES_ON_SCREEN = 5


def show_run(console: Console, measured: Quality, page: Path | None) -> None:
    """One line a source, then what stands out."""
    table = Table("source", "policies", "score", "completeness", "accuracy", "consistency", "timeliness", f"below {measured.threshold:g}")
    for one in measured.sources:
        profile = one.profile
        parts = (f"{value:.3f}" for value in profile.parts.values())
        colour = "green" if profile.score >= measured.threshold else "red"
        table.add_row(escape(profile.source), f"{profile.count:,}", f"[{colour}]{profile.score:.3f}[/]", *parts, f"{profile.below:.1%}")
    console.print(table)
    for one in measured.sources:
        for words in (*one.warnings, *one.anomalies):
            console.print(f"[yellow]{escape(one.profile.source)}[/]: {escape(words)}", highlight=False, soft_wrap=True)
        if one.history_note:
            console.print(f"{escape(one.profile.source)}: {escape(one.history_note)}", highlight=False, soft_wrap=True)
    for outlier in measured.outliers:
        console.print(f"{escape(outlier.policy_id)}: {escape(outlier.words)}", highlight=False, soft_wrap=True)
    if page is not None:
        console.print(f"report: {page}", highlight=False, soft_wrap=True)


def show_profile(console: Console, profile: Profile) -> None:
    """One source's statistics."""
    console.print(f"[bold]{escape(profile.source)}[/]: {profile.count:,} policies, score {profile.score:.3f}, {profile.below:.1%} below", highlight=False)
    table = Table("field", "empty", "most frequent")
    frequent = {"category": profile.categories, "target_regions": profile.regions}
    for field, share in profile.null_shares.items():
        named = list(frequent.get(field, {}).items())[:VALUES_ON_SCREEN]
        table.add_row(field, f"{share:.1%}", escape(", ".join(f"{value} {part:.1%}" for value, part in named)))
    console.print(table)
    quantities = Table("of", *(profile.title_length or profile.content_length))
    for name, quantiles in (("title, characters", profile.title_length), ("content, characters", profile.content_length), ("amount, won", profile.amounts)):
        if quantiles:
            quantities.add_row(name, *(f"{value:,.0f}" for value in quantiles.values()))
    console.print(quantities)


def show_trends(console: Console, measured: Quality) -> None:
    """One line a series."""
    table = Table("source", "series", "level", "a week", "forecast", "below the threshold on")
    for one in measured.sources:
        for each in one.trends:
            crossing = each.crosses_on.isoformat() if each.crosses_on else "not in sight"
            table.add_row(escape(one.profile.source), each.metric, f"{each.level:.3f}", f"{7 * each.slope:+.3f}", f"{each.forecast:.3f}", crossing)
    console.print(table)
    for one in measured.sources:
        for words in one.warnings or ((one.history_note,) if one.history_note else ()):
            console.print(f"{escape(one.profile.source)}: {escape(words)}", highlight=False, soft_wrap=True)
