"""The default back end: onnxruntime on the CPU, without torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from aegis.embedding import pins
from aegis.embedding.model_files import verified
from aegis.embedding.protocol import Vectors
from aegis.embedding.vectors import checked, require_texts, sentence_vector

OUTPUT = ["last_hidden_state"]


def open_session(model: Path) -> onnxruntime.InferenceSession:
    """A session that runs in its caller's thread; several threads may run it at once, on one copy of the weights."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def open_tokenizer(file: Path) -> Tokenizer:
    """The model's tokenizer, cutting at `MAX_TOKENS`. The file's own settings (cut and pad at 128) are replaced; a batch of one needs no padding."""
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.enable_truncation(pins.MAX_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def model_inputs(tokenizer: Tokenizer, text: str) -> dict[str, NDArray[np.int64]]:
    """The inputs of one text, each int64 [1, tokens]. The model insists on `token_type_ids`: zeros."""
    ids = np.array([tokenizer.encode(text).ids], dtype=np.int64)
    return {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}


class OnnxEmbedder:
    """One text per run, one thread per run, as many runs at once as there are threads.

    That is the fastest shape on a CPU: a larger batch pads short texts to the longest and measured slower, and onnxruntime's own threads scale worse than
    runs beside each other (it releases the GIL). It also makes a vector independent of its batch. The threads are shared by all callers, so that two
    batches at once take no more CPUs than one.
    """

    model = pins.MODEL
    dimension = pins.DIMENSION

    def __init__(self, model_dir: Path, threads: int | None = None) -> None:
        """Load the model from `model_dir`: about 0.3 s and 150 MB.

        `threads`: runs at once; as many as the CPUs that this process may use when not given.

        Raises:
            UnusableModelFile: a file is missing or is not the pinned one.
        """
        self._session = open_session(verified(model_dir, pins.MODEL_FILE))
        self._tokenizer = open_tokenizer(verified(model_dir, pins.TOKENIZER_FILE))
        self._threads = ThreadPoolExecutor(threads or len(os.sched_getaffinity(0)), thread_name_prefix="embed")

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        require_texts(texts)
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for position, vector in enumerate(self._threads.map(self._vector, texts)):
            vectors[position] = vector
        return checked(vectors, len(texts), self.dimension)

    def _vector(self, text: str) -> NDArray[np.float32]:
        (states,) = self._session.run(OUTPUT, model_inputs(self._tokenizer, text))
        return sentence_vector(states[0])
