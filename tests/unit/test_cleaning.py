"""Language models clean texts: what is sent, what is believed, what it may cost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from batch.cleaning.anthropic_provider import AnthropicProvider
from batch.cleaning.asking import MOST_OVERLOADED, Asker
from batch.cleaning.budget import Budget, CeilingReached, most
from batch.cleaning.columns import row, schema
from batch.cleaning.ledger import Known
from batch.cleaning.openai_provider import OpenAiProvider
from batch.cleaning.provider import Overloaded, Provider, ProviderRefused
from batch.cleaning.rehearsal import Rehearsal
from batch.cleaning.rows import UnreadableInput, chunks, in_file
from batch.cleaning.task import BadTask, Prices, load, names
from tests.support.models import GOOD, Given, Models, good, models

PRICES = Prices(input=Decimal(1), output=Decimal(2))
ROW = {"policy_id": "p-1", "title": "청년 창업 지원", "category": "창업·벤처", "content": "본문", "tags": ["청년"]}


@pytest.fixture
def served() -> Iterator[Models]:
    with models() as server:
        yield server


@pytest.fixture(params=["openai", "anthropic"])
def provider(request: pytest.FixtureRequest, served: Models) -> Iterator[Provider]:
    made: Provider = OpenAiProvider("secret-key", f"{served.url}/v1") if request.param == "openai" else AnthropicProvider("secret-key", served.url)
    yield made
    made.close()


@pytest.fixture
def asking(provider: Provider) -> Iterator[Callable[..., Asker]]:
    opened: list[Asker] = []

    def make(ceiling: Decimal = Decimal(1), slept: list[float] | None = None) -> Asker:
        task = load("category")
        opened.append(Asker(task, provider, task.model, PRICES, Budget(ceiling), sleep=(slept if slept is not None else []).append))
        return opened[-1]

    yield make
    for asker in opened:
        asker.close()


def in_turn(*given: Given) -> Callable[[dict[str, Any]], Given]:
    """Each answer once, then good ones."""
    left = list(given)
    return lambda body: left.pop(0) if left else good(body)


@pytest.mark.parametrize("name", names())
def test_tasks_that_come_with_aegis_can_be_used_and_rehearsed(name: str) -> None:
    task = load(name)
    asker = Asker(task, Rehearsal(), task.model, Prices(input=Decimal(0), output=Decimal(0)), Budget(Decimal(0)))
    answered = asker.ask(ROW)
    asker.close()
    assert answered.problem is None
    assert task.problem(answered.output) is None


def test_an_answer_of_the_schemas_form_is_taken_and_what_was_sent_is_the_tasks(served: Models, asking: Callable[..., Asker]) -> None:
    asker = asking()
    answered = asker.ask(ROW)
    assert (answered.output, answered.problem, answered.attempts) == (GOOD, None, 1)
    assert (answered.input_tokens, answered.output_tokens, answered.cost) == (100, 10, Decimal("0.00012"))
    assert asker.budget.spent == answered.cost
    [body] = served.asked
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("gpt-4o-mini", 60, 0.0)
    assert "청년 창업 지원" in json.dumps(body, ensure_ascii=False)
    assert served.keys == {"secret-key"}


def test_a_letter_that_no_table_can_hold_makes_an_answer_none(served: Models, provider: Provider) -> None:
    """Kept as it is, it would end the run, and each run after it."""
    served.answer = lambda _body: (200, {}, {"summary": "청년\0", "keywords": []})
    task = load("target_group")
    asker = Asker(task, provider, task.model, PRICES, Budget(Decimal(1)))
    answered = asker.ask(ROW)
    asker.close()
    assert (answered.output, answered.attempts) == (None, 2)
    assert "U+0000" in (answered.problem or "")


def test_an_overloaded_provider_is_asked_again_after_the_time_that_it_names(served: Models, asking: Callable[..., Asker]) -> None:
    served.answer = in_turn((429, {"Retry-After": "77"}, "{}"), (529, {}, "{}"), (503, {}, "{}"))
    slept: list[float] = []
    assert asking(slept=slept).ask(ROW).output == GOOD
    assert len(slept) == 3
    assert slept[0] >= 77


def test_a_provider_that_stays_overloaded_ends_the_run(served: Models, asking: Callable[..., Asker]) -> None:
    served.answer = lambda _body: (429, {}, "{}")
    with pytest.raises(Overloaded):
        asking().ask(ROW)
    assert len(served.asked) == MOST_OVERLOADED


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_not_repeated_and_tells_no_key(served: Models, asking: Callable[..., Asker], status: int) -> None:
    served.answer = lambda _body: (status, {}, json.dumps({"error": {"message": "secret-key is wrong"}}))
    with pytest.raises(ProviderRefused) as told:
        asking().ask(ROW)
    assert len(served.asked) == 1
    assert "secret-key" not in str(told.value)


def test_an_answer_that_does_not_fit_is_asked_for_once_more(served: Models, asking: Callable[..., Asker]) -> None:
    served.answer = in_turn((200, {}, {"category": "없는 분류"}))
    answered = asking().ask(ROW)
    assert (answered.output, answered.attempts, answered.input_tokens) == (GOOD, 2, 200)


def test_a_row_whose_answers_never_fit_stays_without_one_and_says_why(served: Models, asking: Callable[..., Asker]) -> None:
    served.answer = lambda _body: (200, {}, {"category": "없는 분류"})
    answered = asking().ask(ROW)
    assert (answered.output, answered.attempts) == (None, 2)
    assert "$.category" in (answered.problem or "")


@pytest.mark.parametrize("text", ["", "not json", '{"choices": ['])
def test_a_body_that_is_no_answer_is_never_believed(served: Models, asking: Callable[..., Asker], text: str) -> None:
    served.answer = in_turn((200, {}, text))
    assert asking().ask(ROW).output == GOOD


def test_no_request_is_sent_that_could_exceed_the_ceiling(served: Models, asking: Callable[..., Asker]) -> None:
    task = load("category")
    enough = most(task, task.text(ROW), PRICES)
    asker = asking(ceiling=enough)
    asker.ask(ROW)
    with pytest.raises(CeilingReached, match="--max-cost"):
        asker.ask(ROW)
    assert len(served.asked) == 1
    assert asker.budget.spent <= enough


def test_the_hash_of_a_request_knows_everything_that_decides_its_answer(asking: Callable[..., Asker]) -> None:
    asker = asking()
    task = asker.task
    changed = [
        asker.request_hash(ROW | {"content": "다른 본문"}),
        task.request_hash(ROW, "another", task.model),
        task.request_hash(ROW, asker.provider.name, "another"),
        task.model_copy(update={"system_message": "another"}).request_hash(ROW, asker.provider.name, task.model),
        task.model_copy(update={"temperature": 1.0}).request_hash(ROW, asker.provider.name, task.model),
    ]
    assert len({*changed, asker.request_hash(ROW)}) == len(changed) + 1
    assert asker.request_hash(ROW | {"policy_id": "p-2", "tags": []}) == asker.request_hash(ROW)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"inputs": ["body"]}, "no column of a policy"),
        ({"prompt": "{{ secret }}"}, "prompt"),
        ({"prompt": "{{ title.__class__.__mro__ }}"}, "prompt"),
        ({"output_schema": {"type": "array"}}, "must be object"),
        ({"output_schema": {"type": "object", "properties": {"a": {"type": "nothing"}}}}, "output_schema"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_task_that_cannot_be_used_is_refused_by_file_and_field(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(load("category").model_dump(mode="json") | change))
    with pytest.raises(BadTask, match=told) as error:
        load(str(path))
    assert "mine.json" in str(error.value)


def test_originals_stay_beside_the_answers_with_who_gave_them() -> None:
    task = load("target_group")
    known = Known({"summary": None, "keywords": ["청년", "창업"]}, None)
    line = row(task, ROW, known, "rehearsal", "m")
    assert set(line) == set(schema(task).names)
    assert (line["title"], line["target_group_keywords"], line["target_group_provider"]) == (ROW["title"], ["청년", "창업"], "rehearsal")


def test_files_of_analysts_are_read_in_chunks_with_their_texts_whole(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text('﻿policy_id,title,content\n007,"제목, 하나","두\n줄"\n008,둘,\n', encoding="utf-8")
    assert list(chunks(in_file(path, ["title", "content"]), 1)) == [[{"policy_id": "007", "title": "제목, 하나", "content": "두\n줄"}]]
    with pytest.raises(UnreadableInput, match="category is missing"):
        list(in_file(path, ["category"]))
