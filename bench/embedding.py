"""Embedding inside the app against the bare model in its fastest shape (aim: at least 0.9).

`python -m bench.embedding`, with EMBEDDING_MODEL_DIR as `make env` prints it.

Bare: nothing but onnxruntime's `run` on inputs that were tokenised beforehand, batch 1, one thread per CPU. App: `OnnxEmbedder.embed` from strings to checked
vectors. Both run in this process, on the same texts and threads, in turns, so that other load on the machine falls on both; ratios are medians over pairs of
neighbours.
"""

from __future__ import annotations

import os
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from threading import Thread
from time import perf_counter, process_time
from typing import Any

from aegis.embedding import pins
from aegis.embedding.model_files import verified
from aegis.embedding.onnx import OUTPUT, OnnxEmbedder, model_inputs, open_session, open_tokenizer
from aegis.embedding.vectors import checked, sentence_vector
from aegis.settings import settings

AIM = 0.9
BATCH = 64
ROUNDS = 9
LENGTH = 200
WORDS = """
청년 창업 소상공인 전통시장 중소기업 귀농 농업인 운전자금 시설자금 융자 보조금 지원 대상 신청 기간 금리 한도 최대 만원 이내 사업계획서 제출 서류 심사
선정 교육 훈련 수당 고용 장려금 수출 바우처 기술 개발 연구 온라인 접수 지역 주민 가구 육아 출산 주거 임대 보증 R&D AI 2026년 3.5% 신규 갱신 안내
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one batch took: seconds on the clock, and CPU seconds of all threads."""

    wall: float
    cpu: float


def generated_texts(count: int, seed: int = 1) -> list[str]:
    """Policy-like texts of about `LENGTH` characters, the same ones for the same seed."""
    source, words = random.Random(seed), WORDS.split()
    return [" ".join(source.choices(words, k=LENGTH))[: LENGTH + source.randint(-40, 40)] for _ in range(count)]


def cost(work: Callable[[], object]) -> Cost:
    """What one call of `work` takes."""
    wall, cpu = perf_counter(), process_time()
    work()
    return Cost(perf_counter() - wall, process_time() - cpu)


def bare_run(session: Any, inputs: Sequence[dict[str, Any]], threads: int) -> None:
    """Run the model on every input, from `threads` threads that take the next one when free."""
    waiting = deque(inputs)

    def drain() -> None:
        while True:
            try:
                feed = waiting.popleft()
            except IndexError:
                return
            session.run(OUTPUT, feed)

    workers = [Thread(target=drain) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def pairs(bare: Callable[[], object], app: Callable[[], object], rounds: int) -> list[tuple[Cost, Cost]]:
    """(bare, app) of each round; which goes first alternates. One round of each beforehand warms up and does not count."""
    bare(), app()
    taken = []
    for turn in range(rounds):
        first, second = (bare, app) if turn % 2 else (app, bare)
        one, two = cost(first), cost(second)
        taken.append((one, two) if turn % 2 else (two, one))
    return taken


def parts(model_dir: Path, texts: Sequence[str]) -> dict[str, float]:
    """CPU milliseconds per text of each step, one thread."""
    session, tokenizer = open_session(verified(model_dir, pins.MODEL_FILE)), open_tokenizer(verified(model_dir, pins.TOKENIZER_FILE))
    feeds = [model_inputs(tokenizer, text) for text in texts]
    states = [session.run(OUTPUT, feed)[0][0] for feed in feeds]
    vectors = OnnxEmbedder(model_dir, threads=1).embed(texts)
    steps: dict[str, Callable[[], object]] = {
        "tokenise": lambda: [model_inputs(tokenizer, text) for text in texts],
        "model": lambda: [session.run(OUTPUT, feed) for feed in feeds],
        "pool and normalise": lambda: [sentence_vector(state) for state in states],
        "check": lambda: checked(vectors, len(texts), pins.DIMENSION),
    }
    return {name: cost(step).cpu * 1000 / len(texts) for name, step in steps.items()}


def run() -> None:
    """Measure and print: the ratio first, then its parts."""
    model_dir = settings().embedding_model_dir.expanduser()
    threads = len(os.sched_getaffinity(0))
    texts = generated_texts(BATCH)
    session, tokenizer = open_session(verified(model_dir, pins.MODEL_FILE)), open_tokenizer(verified(model_dir, pins.TOKENIZER_FILE))
    feeds = [model_inputs(tokenizer, text) for text in texts]
    embedder = OnnxEmbedder(model_dir, threads)

    rounds = pairs(lambda: bare_run(session, feeds, threads), lambda: embedder.embed(texts), ROUNDS)
    wall, cpu = median(bare.wall / app.wall for bare, app in rounds), median(bare.cpu / app.cpu for bare, app in rounds)
    tokens = sum(feed["input_ids"].size for feed in feeds) / len(feeds)
    print(f"embedding in the app / bare model: {wall:.3f} by the clock, {cpu:.3f} by CPU seconds (aim >= {AIM})")
    print(f"  {ROUNDS} pairs of {BATCH} texts, {sum(map(len, texts)) / BATCH:.0f} characters or {tokens:.0f} tokens each on average, {threads} threads")
    for name, costs in (("bare", [bare for bare, _ in rounds]), ("app", [app for _, app in rounds])):
        print(f"  {name:<4} {BATCH / median(c.wall for c in costs):6.1f} texts/s, {BATCH / median(c.cpu for c in costs):6.1f} texts per CPU-second")
    for name, milliseconds in parts(model_dir, texts).items():
        print(f"  {name:<18} {milliseconds:8.3f} ms CPU per text")


if __name__ == "__main__":
    run()
