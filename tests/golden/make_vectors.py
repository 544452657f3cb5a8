"""How `vectors.json` was made: by sentence-transformers itself, without any code of Aegis between it and the numbers.

In an environment with the extra (`pip install 'aegis[sentence-transformers]'`), from the project's root:

    python -m tests.golden.make_vectors FOLDER

FOLDER is what sentence-transformers publishes as all-MiniLM-L6-v2; its weights must be the pinned ones. The library's versions are kept beside the vectors.
"""

from __future__ import annotations

import base64
import importlib.metadata
import json
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aegis.embedding import pins
from aegis.embedding.model_files import verified
from tests.golden.texts import TEXTS

GOLDEN = Path(__file__).with_name("vectors.json")


def make(folder: Path) -> str:
    """The JSON of the golden vectors: per text its name, its sha256 and its vector (float32, little endian, base64). Texts are embedded one at a time."""
    # Imported here: the library is optional, while this file is checked everywhere.
    from sentence_transformers import SentenceTransformer

    verified(folder, pins.WEIGHTS_FILE, "name the folder that sentence-transformers publishes for this model")
    model = SentenceTransformer(str(folder), device="cpu")
    rows = [_row(name, text, np.asarray(model.encode(text, normalize_embeddings=True), "<f4")) for name, text in TEXTS.items()]
    made_with = {library: importlib.metadata.version(library) for library in ("sentence-transformers", "transformers", "tokenizers", "torch")}
    head = {"model": pins.MODEL, "dimension": pins.DIMENSION, "weights_sha256": pins.WEIGHTS_FILE.sha256, "made_with": made_with}
    return json.dumps({**head, "vectors": rows}, ensure_ascii=False, indent=1) + "\n"


def _row(name: str, text: str, vector: NDArray[np.float32]) -> dict[str, str]:
    return {"name": name, "text_sha256": sha256(text.encode()).hexdigest(), "vector": base64.b64encode(vector.tobytes()).decode()}


if __name__ == "__main__":
    GOLDEN.write_text(make(Path(sys.argv[1])), encoding="utf-8")
