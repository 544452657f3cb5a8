"""Whether two rows are one policy: first what rules it out, then a score whose parts have names. Pure.

What rules it out comes first since no likeness outweighs it: another administration, another year, another round. The score is a logistic function of a sum
of points (`POINTS`); the weights were chosen on the labelled pairs that are for tuning.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from batch.duplicates.features import Features, Likeness, likeness

THRESHOLD = 0.3
"""Where precision and recall are equal on the pairs for tuning."""
CLEARLY_APART = 0.1
"""Two rows that score less are never put into one cluster by way of a third."""
TITLE_IN_DOUBT = 0.8
"""Likeness of titles that speaks neither for nor against."""
TEXT_IN_DOUBT = 0.3
"""The same for texts."""

VECTOR_IN_DOUBT = 0.83
"""The same for embeddings: the median of any two policies, measured."""
REPEATED_TITLE, REPEATED_TEXT = 0.9, 0.85
"""Likenesses from which two rows of one source may be one policy though their titles differ."""


@dataclass(frozen=True, slots=True)
class Points:
    """What each part adds to the sum, whose logistic function is the score."""

    title: float = 12.0
    """Times the likeness of the titles beyond `TITLE_IN_DOUBT`."""
    endings: tuple[float, float, float] = (-1.0, -0.5, 1.0)
    """The last words: another, the same kind, the same."""
    other_group: float = -1.9
    """One title says whom it is for, and the other row names nobody of the kind."""
    brackets: float = -1.0
    """Both titles have brackets, and not the same in them."""
    text_alike: float = 5.0
    """Times the likeness of the texts beyond `TEXT_IN_DOUBT`."""
    text_apart: float = 2.0
    """Times what is missing to it: less, since many rows have one sentence only."""
    stateless: float = -2.4
    """A ministry has many siblings, no place tells them apart, and their names are official: every portal writes them alike."""
    other_issuer: float = -0.8
    """Only without a place, and little: an agency carries out what its ministry issues."""
    same_amount: float = 0.5
    other_amount: float = -0.3
    """Small: sources state the most, the least or the total."""
    apart_in_time: float = -5.0
    """Another round, though no title says so."""
    vector: float = 1.0
    """Times the cosine beyond `VECTOR_IN_DOUBT`; little, since the model knows little Korean."""


POINTS = Points()


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether two rows are one policy, and why."""

    score: float
    """0 where something rules it out."""
    why: str

    @property
    def same(self) -> bool:
        """Whether they are."""
        return self.score >= THRESHOLD


def decide(one: Features, other: Features) -> Decision:
    """The decision about two rows; the score does not depend on their order."""
    if reason := ruled_out(one, other):
        return Decision(0.0, reason)
    alike = likeness(one, other)
    score = 1 / (1 + exp(-_points(one, other, alike)))
    return Decision(round(score, 4), _words(one, other, alike))


def ruled_out(one: Features, other: Features) -> str:
    """Why two rows cannot be one policy, whatever else they have in common; empty where nothing says so."""
    here, there = one.title, other.title
    if not one.place.is_that_of(other.place):
        return "another administration"
    if here.years and there.years and not here.years & there.years:
        return "another year"
    if here.rounds and there.rounds and here.rounds != there.rounds:
        return "another round"
    if here.qualifiers and there.qualifiers and not here.qualifiers & there.qualifiers:
        return "other words in brackets"
    if one.row.source == other.row.source:
        return _siblings(one, other)
    return ""


def _siblings(one: Features, other: Features) -> str:
    """A source seldom lists one policy twice, and often its siblings: only equal titles of one operator, or nearly equal ones with one text, repeat."""
    here, there = one.title, other.title
    if one.operator != other.operator:
        return "another operator in the same source"
    if (here.qualifiers, here.years, here.rounds) != (there.qualifiers, there.years, there.rounds):
        return "a sibling in the same source"
    alike = likeness(one, other)
    again = here.core == there.core or (alike.title >= REPEATED_TITLE and alike.text >= REPEATED_TEXT)
    return "" if again else "a sibling in the same source"


def _points(one: Features, other: Features, alike: Likeness) -> float:
    beyond = alike.text - TEXT_IN_DOUBT
    total = POINTS.title * (alike.title - TITLE_IN_DOUBT) + POINTS.endings[alike.ending] + beyond * (POINTS.text_alike if beyond > 0 else POINTS.text_apart)
    if not one.place.provinces and one.title.whole != other.title.whole:
        total += POINTS.stateless + (POINTS.other_issuer if alike.issuer is False else 0)
    if one.title.qualifiers and other.title.qualifiers and one.title.qualifiers != other.title.qualifiers:
        total += POINTS.brackets
    if alike.others:
        total += POINTS.other_group
    if alike.amount is not None:
        total += POINTS.same_amount if alike.amount else POINTS.other_amount
    if alike.period is False:
        total += POINTS.apart_in_time
    if alike.vector is not None:
        total += POINTS.vector * (alike.vector - VECTOR_IN_DOUBT)
    return total


def _words(one: Features, other: Features, alike: Likeness) -> str:
    """The parts of a decision, for people."""
    parts = [f"titles {alike.title:.0%} alike ({one.title.core} / {other.title.core})" if alike.title < 1 else f"same normal title ({one.title.core})"]
    parts.append(f"same administration ({'/'.join(one.place.names)})" if one.place.provinces else "both of the state")
    if alike.issuer is not None and not one.place.provinces:
        parts.append("same organisation" if alike.issuer else f"other organisations ({one.issuer} / {other.issuer})")
    if alike.others:
        parts.append(f"for others ({', '.join(sorted(alike.others))})")
    parts.append(f"texts {alike.text:.0%} alike")
    if alike.period is not None:
        parts.append("periods overlap" if alike.period else "periods far apart")
    if alike.amount is not None:
        parts.append("same amount" if alike.amount else "other amounts")
    if alike.vector is not None:
        parts.append(f"vectors {alike.vector:.2f}")
    return "; ".join(parts)
