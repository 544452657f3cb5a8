"""The golden vectors, read."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.golden.texts import TEXTS


def golden_vectors() -> NDArray[np.float32]:
    """float32 [texts, dimension], in the order of `TEXTS`. Fails when a text was edited and its vector was not made anew."""
    rows = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))["vectors"]
    hashes = {name: sha256(text.encode()).hexdigest() for name, text in TEXTS.items()}
    assert {row["name"]: row["text_sha256"] for row in rows} == hashes, "texts.py and vectors.json differ: run tests/golden/make_vectors.py"
    return np.array([np.frombuffer(base64.b64decode(row["vector"]), dtype="<f4") for row in rows])
