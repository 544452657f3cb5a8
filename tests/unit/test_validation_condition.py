"""The language of the rules: what it means, what it refuses, and that nothing else comes out of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aegis.rows.business_rule import BusinessRule
from aegis.rows.policy import Policy
from batch.cli.rules import schema_text
from batch.validation.business_rule import MalformedRule, compiled, parsed
from batch.validation.condition import OPERATORS
from batch.validation.examination import Examination
from batch.validation.frame import FIELDS, Kind

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, tzinfo=UTC)
SCHEMA = Path(__file__).parents[2] / "resources" / "business_rule.schema.json"
REST = {"field": "title", "reason": "r", "remedy": "m"}


def policy(**columns: Any) -> Policy:
    sound = {"policy_id": "p", "source": "s", "source_id": "1", "title": "청년 창업 지원", "status": "active", "version": 1}
    return Policy.model_validate({**sound, "created_at": NOW, "updated_at": NOW, **columns})


def row(condition: Mapping[str, Any], **columns: Any) -> BusinessRule:
    values = {"rule_id": "r", "name": "n", "rule_type": "validation", "created_at": NOW, "updated_at": NOW, "version": 1, **columns}
    return BusinessRule.model_validate({**values, "condition": json.dumps(condition)})


def is_true(condition: Mapping[str, Any], **columns: Any) -> bool:
    found = compiled([row({"requires": condition, **REST})], TODAY)
    assert found.malformed == ()
    return not Examination(found.rules).reasons([policy(**columns)])


@pytest.mark.parametrize(
    ("condition", "columns", "expected"),
    [
        ({"field": "title", "equals": "가"}, {"title": "가"}, True),
        ({"field": "title", "equals": "가"}, {"title": "가나"}, False),
        ({"field": "target_regions", "equals": "11"}, {"target_regions": ["00", "11"]}, True),
        ({"field": "source", "in": ["a", "s"]}, {}, True),
        ({"field": "tags", "in": ["x", "y"]}, {"tags": ["y"]}, True),
        ({"field": "tags", "in": ["x"]}, {"tags": []}, False),
        ({"field": "title", "contains": "a.b"}, {"title": "aXb"}, False),
        ({"field": "title", "contains": "청년"}, {}, True),
        ({"field": "tags", "contains": "청년"}, {"tags": ["청년창업"]}, False),
        ({"field": "title", "matches": r"\d{4}년"}, {"title": "2026년 공고"}, True),
        ({"field": "title", "matches": "(a+)+$"}, {"title": "a" * 5000 + "!"}, False),
        ({"field": "funding_amount_max", "between": [1, 10]}, {"funding_amount_max": 10}, True),
        ({"field": "funding_amount_max", "between": [None, 10]}, {"funding_amount_max": 11}, False),
        ({"field": "funding_amount_max", "between": [None, None]}, {}, False),
        ({"field": "interest_rate", "between": [2.5, None]}, {"interest_rate": "2.5"}, True),
        ({"field": "interest_rate", "equals": 2.5}, {"interest_rate": "2.5000"}, True),
        ({"field": "title", "length": [1, 3]}, {"title": "가나다"}, True),
        ({"field": "tags", "length": [2, None]}, {"tags": ["가"]}, False),
        ({"field": "content", "is_missing": True}, {"content": " \n"}, True),
        ({"field": "category", "is_missing": False}, {"category": None}, False),
        ({"field": "tags", "is_missing": True}, {"tags": []}, True),
        ({"field": "application_end_date", "before": "today"}, {"application_end_date": date(2026, 11, 20)}, True),
        ({"field": "application_end_date", "before": "today"}, {"application_end_date": TODAY}, False),
        ({"field": "application_end_date", "after": "today-30"}, {"application_end_date": date(2026, 10, 23)}, True),
        ({"field": "application_end_date", "after": "2026-12-31"}, {"application_end_date": None}, False),
        ({"field": "application_end_date", "before": "today+99999"}, {"application_end_date": date(9000, 1, 1)}, False),
        ({"not": {"field": "category", "equals": "x"}}, {"category": None}, True),
        ({"all": [{"field": "title", "contains": "청년"}, {"field": "source", "equals": "t"}]}, {}, False),
        ({"any": [{"field": "title", "contains": "청년"}, {"field": "source", "equals": "t"}]}, {}, True),
    ],
)
def test_a_condition_means_what_it_says(condition: dict[str, Any], columns: dict[str, Any], expected: bool) -> None:
    assert is_true(condition, **columns) is expected


def test_a_rule_is_about_the_policies_that_it_applies_to_and_those_that_it_names() -> None:
    stated = {"applies_to": {"field": "source", "equals": "s"}, "requires": {"field": "title", "contains": "없는 말"}, **REST}
    policies = [policy(), policy(policy_id="q", source="t"), policy(policy_id="r")]
    examined = {"all": Examination(compiled([row(stated)], TODAY).rules).reasons(policies)}
    examined["named"] = Examination(compiled([row(stated, policy_ids=["r"])], TODAY).rules).reasons(policies)
    assert (set(examined["all"]), set(examined["named"])) == ({"p", "r"}, {"r"})


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({}, "requires: is missing"),
        ([], "(condition)"),
        ({"requires": {"field": "titel", "contains": "x"}, **REST}, "requires: there is no field 'titel'"),
        (
            {"requires": {"all": [{"field": "title", "is_missing": True}, {"not": {"x": 1}}]}, **REST},
            "requires.all.1.not: a condition is an object with one operator",
        ),
        ({"requires": {"field": "title", "contains": "a", "equals": "b"}, **REST}, "requires: a condition is an object with one operator"),
        ({"requires": {"field": "title", "matches": "(?=a)b"}, **REST}, "look-around"),
        ({"requires": {"field": "title", "matches": r"(a)\1"}, **REST}, "backreferences"),
        ({"requires": {"field": "title", "matches": "["}, **REST}, "requires.matches: not a regular expression"),
        ({"requires": {"field": "title", "matches": "a{1000}{1000}{1000}"}, **REST}, "requires.matches: not a regular expression"),
        ({"requires": {"field": "title", "matches": "a" * 301}, **REST}, "at most 300"),
        ({"requires": {"field": "title", "between": [1, 2]}, **REST}, "title is a text"),
        ({"requires": {"field": "funding_amount_max", "equals": "1"}, **REST}, "funding_amount_max is a won"),
        ({"requires": {"field": "application_end_date", "before": "2026-02-30"}, **REST}, "no day of the calendar"),
        ({"requires": {"field": "application_end_date", "before": "tomorrow"}, **REST}, "requires.before"),
        ({"requires": {"field": "title", "is_missing": "yes"}, **REST}, "requires.is_missing"),
        ({"requires": {"field": "title", "is_missing": True}, **REST, "severity": "fatal"}, "severity"),
        ({"requires": {"field": "title", "is_missing": True}, **REST, "field": "nowhere"}, "there is no field 'nowhere'"),
        ({"requires": {"field": "title", "is_missing": True}, **REST, "then": 1}, "then: means nothing here; remove it"),
    ],
)
def test_a_malformed_condition_is_refused_by_name_path_and_remedy(condition: Any, words: str) -> None:
    with pytest.raises(MalformedRule) as refused:
        parsed(json.dumps(condition), "r-1")
    assert words in str(refused.value)
    assert "r-1" in str(refused.value)


def test_a_bomb_of_nested_conditions_is_refused_before_anything_recurses_into_it() -> None:
    for depth in (50, 900, 100_000):
        nested = '{"not":' * depth + "1" + "}" * depth
        with pytest.raises(MalformedRule):
            parsed(f'{{"requires":{nested}}}', "r")


def test_the_committed_schema_is_that_of_the_language() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), "aegis rules schema > resources/business_rule.schema.json"
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text()))


_words = st.text(max_size=8)
_days = st.one_of(st.dates().map(str), st.sampled_from(["today", "today-1", "today+99999", "2026-13-01", ""]))
_values = st.one_of(_words, st.integers(), st.floats(allow_nan=False), st.booleans(), st.none())
_answers = st.one_of(_values, st.lists(_values, max_size=3), _days, st.sampled_from(["[", "(?<x>a)", "(a*)*b", "\\p{Hangul}", "a{9999}"]))
_questions = st.builds(
    lambda field, operator, answer: {"field": field, operator: answer},
    st.sampled_from([*FIELDS, "nothing"]),
    st.sampled_from([*OPERATORS, "eval"]),
    _answers,
)
_conditions = st.recursive(
    _questions,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(requires=st.one_of(_conditions, _values), applies_to=st.one_of(st.none(), _conditions))
def test_any_json_gives_a_rule_that_can_be_applied_or_the_declared_error_and_so_says_the_schema(requires: Any, applies_to: Any) -> None:
    stated = {"requires": requires, "applies_to": applies_to, **REST}
    found = compiled([row(stated)], TODAY)
    assert len(found.rules) + len(found.malformed) == 1
    Examination(found.rules).reasons([policy(), policy(policy_id="q", tags=["가"], application_end_date=TODAY, funding_amount_max=5, interest_rate="1.5")])
    if found.rules:
        jsonschema.validate(stated, json.loads(schema_text()))


def _oracle(condition: Mapping[str, Any], of: Policy) -> bool:
    """The same language, row by row and word for word after docs/validation.md."""
    if "all" in condition:
        return all(_oracle(part, of) for part in condition["all"])
    if "any" in condition:
        return any(_oracle(part, of) for part in condition["any"])
    if "not" in condition:
        return not _oracle(condition["not"], of)
    value = getattr(of, condition["field"])
    missing = value is None or value == () or (isinstance(value, str) and not value.strip())
    if "is_missing" in condition:
        return missing is condition["is_missing"]
    return not missing and _asked(condition, value)


def _asked(condition: Mapping[str, Any], value: Any) -> bool:
    said = list(value) if isinstance(value, tuple) else [value]
    [(operator, answer)] = [(name, each) for name, each in condition.items() if name != "field"]
    match operator:
        case "equals" | "in":
            return any(one in (answer if operator == "in" else [answer]) for one in said)
        case "contains":
            return answer in said if isinstance(value, tuple) else answer in value
        case "matches":
            return re.search(answer, value) is not None
        case "between" | "length":
            number, (least, most) = (value if operator == "between" else len(value)), answer
            return (least is None or number >= least) and (most is None or number <= most)
        case _:
            day = TODAY + timedelta(days=int(answer.removeprefix("today") or 0))
            return value < day if operator == "before" else value > day


_texts = st.sampled_from(["가", "가나", "나", "a.b"])
_of_kind = {
    Kind.TEXT: st.one_of(
        _texts.map(lambda text: {"equals": text}),
        _texts.map(lambda text: {"contains": text}),
        st.sampled_from(["가.*", "^나", "[a-z]"]).map(lambda pattern: {"matches": pattern}),
        st.lists(_texts, min_size=1, max_size=2).map(lambda texts: {"in": texts}),
    ),
    Kind.TEXTS: st.one_of(_texts.map(lambda text: {"contains": text}), st.just({"length": [1, 2]})),
    Kind.WON: st.one_of(st.just({"between": [2, None]}), st.integers(0, 3).map(lambda won: {"equals": won})),
    Kind.RATE: st.just({"between": [1, 2]}),
    Kind.DAY: st.sampled_from(["today", "today-1", "today+2"]).flatmap(lambda day: st.sampled_from([{"before": day}, {"after": day}])),
}
_asks = st.sampled_from(["title", "category", "tags", "funding_amount_max", "interest_rate", "application_end_date"]).flatmap(
    lambda field: st.one_of(_of_kind[FIELDS[field]], st.booleans().map(lambda is_missing: {"is_missing": is_missing})).map(
        lambda part: {"field": field, **part}
    )
)
_sound = st.recursive(
    _asks,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=5,
)
_policies = st.builds(
    policy,
    title=_texts,
    category=st.one_of(st.none(), _texts, st.just(" ")),
    tags=st.lists(_texts, max_size=3),
    funding_amount_max=st.one_of(st.none(), st.integers(0, 3)),
    interest_rate=st.one_of(st.none(), st.sampled_from(["0.5", "1", "2"])),
    application_end_date=st.one_of(st.none(), st.integers(-2, 3).map(lambda days: TODAY + timedelta(days=days))),
)


@settings(max_examples=200, deadline=None)
@given(condition=_sound, of=_policies)
def test_the_engine_answers_as_the_language_is_described(condition: dict[str, Any], of: Policy) -> None:
    [rule] = compiled([row({"requires": condition, **REST})], TODAY).rules
    assert (not Examination([rule]).reasons([of])) is _oracle(condition, of)
