"""An ONNX graph from item codes to scores, run by ONNX Runtime.

The signature: codes (B, T) int64, 1 to n in the order of a list of items and 0 for padding, optionally lengths (B,) int64; the
scores (B, n) float, or (B, n + 1) with those of padding first. The bytes of the file are an array of the checkpoint.
"""

import math
import os
import threading
import time
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import numpy as np

from recsys.core.errors import CheckpointError
from recsys.core.memory import free_memory
from recsys.core.translation import N_, _
from recsys.models.base.settings import check_at_least, check_choice
from recsys.models.imported.sequence_model import ImportedSequenceModel

SIDES = ("left", "right")
THREADS = 2
"""Threads of one session: several sessions and their users share a machine."""
INSTALL = "pip install onnxruntime"
PATIENCE = 20.0
"""Seconds that one run of a graph may take: a loop in it may never end."""
CHECKING = 60.0
"""Seconds that all runs of an import may take together."""
MOST_MEMORY = 0.25
"""Share of the free memory that all graphs may take together."""


class SlowGraphError(CheckpointError):
    """A graph takes too long to score."""


@dataclass(frozen=True)
class OnnxConfig:
    """Signature of a graph.

    `max_length` is the most events that it reads. With `is_padded`, histories are padded with 0 to that length, on the side
    `padding`. `n_codes` counts the items of its list, without padding.
    """

    max_length: int = 200
    is_padded: bool = False
    padding: str = "left"
    n_codes: int = 1
    has_padding_score: bool = False
    scores_empty: bool = True

    def __post_init__(self) -> None:
        check_at_least(1, self, "max_length", "n_codes")
        check_choice(SIDES, self, "padding")


def open_session(graph: bytes, device: str = "cpu") -> Any:
    """Return the session of a graph; the error of a missing library says what to install, all others are ONNX Runtime's own."""
    try:
        import onnxruntime
    except ImportError as error:
        raise CheckpointError(_("ONNX models need ONNX Runtime; install it with: {command}", command=INSTALL)) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # errors are raised, and warnings are for the author of the graph
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # a graph may name any file as the one that holds its weights: nothing is in this folder, which is none
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
    if device == "cpu":
        options.add_session_config_entry("session.use_env_allocators", "1")
        _limit_memory()
    providers = ["CUDAExecutionProvider", "CPUExecutionProvider"] if device == "cuda" else ["CPUExecutionProvider"]
    usable = [each for each in providers if each in onnxruntime.get_available_providers()]
    return onnxruntime.InferenceSession(graph, options, providers=usable)


@cache
def _limit_memory() -> None:
    """Set once the memory of this process from which graphs take theirs."""
    import onnxruntime

    limits = onnxruntime.OrtArenaCfg({"max_mem": int(MOST_MEMORY * free_memory())})
    kind = onnxruntime.OrtMemoryInfo("Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT)
    onnxruntime.create_and_register_allocator(kind, limits)


class OnnxModel(ImportedSequenceModel):
    """A graph over windows of item codes. Its session is opened when it first scores."""

    Config = OnnxConfig

    def __init__(self, item_ids: np.ndarray, config: OnnxConfig, codes: np.ndarray, graph: bytes):
        super().__init__(item_ids, config, codes)
        self._graph = graph
        self.deadline = math.inf  # until when it may score, by `time.monotonic`
        self._device = "cpu"
        self._session: Any = None
        self._lock = threading.Lock()

    @property
    def window(self) -> int:
        return int(self.config.max_length)

    def score_windows(self, windows: np.ndarray) -> np.ndarray:
        if not windows.shape[1] and not self.config.scores_empty:
            return np.zeros((len(windows), self.config.n_codes + 1), dtype=np.float32)
        scores = run_graph(self._open(), self.pad(windows), np.full(len(windows), windows.shape[1]), self.deadline)
        if scores.shape != (len(windows), self.config.n_codes + self.config.has_padding_score):
            raise CheckpointError(_("the ONNX model gave scores of another shape than when it was imported; import it again"))
        return scores if self.config.has_padding_score else np.pad(scores, ((0, 0), (1, 0)))

    def pad(self, windows: np.ndarray) -> np.ndarray:
        """Return windows (B, T) padded on the side and to the length that the graph expects; an empty window is one padding."""
        return pad_windows(windows, self.config.max_length if self.config.is_padded else 1, self.config.padding)

    def fallbacks(self, requests: Any) -> list[str | None]:
        reasons = super().fallbacks(requests)
        return reasons if self.config.scores_empty else [reason and N_("no history yet: all items score the same") for reason in reasons]

    def batch_size(self, length: int) -> int:
        return super().batch_size(self.config.max_length if self.config.is_padded else length)

    def to(self, device: Any) -> Self:
        """Run on a device, "cpu" or "cuda", from the next scores on."""
        self._device, self._session = getattr(device, "type", str(device)), None
        return self

    def arrays(self) -> dict[str, np.ndarray]:
        return {"codes": self.codes, "onnx": np.frombuffer(self._graph, dtype=np.uint8)}

    @classmethod
    def restore(cls, item_ids: np.ndarray, config: Any, arrays: dict[str, np.ndarray]) -> Self:
        return cls(item_ids, config, arrays["codes"], arrays["onnx"].tobytes())

    def _open(self) -> Any:
        with self._lock:
            if self._session is None:
                self._session = open_session(self._graph, self._device)
            return self._session


def pad_windows(windows: np.ndarray, length: int, side: str) -> np.ndarray:
    """Return windows (B, T) padded with 0 on a side of SIDES to (B, length), or as they are where they are as long."""
    missing = max(length - windows.shape[1], 0)
    return np.pad(windows, ((0, 0), (0, missing) if side == "right" else (missing, 0)))


def run_graph(session: Any, codes: np.ndarray, lengths: np.ndarray, deadline: float = math.inf) -> np.ndarray:
    """Return the scores float32 of padded codes (B, T); lengths (B,) are given to a graph with a second input.

    A run that takes too long, or until after the `deadline` of `time.monotonic`, is ended, and a SlowGraphError.
    """
    import onnxruntime

    names = [each.name for each in session.get_inputs()]
    values = (np.asarray(each, dtype=np.int64) for each in (codes, lengths))
    run = onnxruntime.RunOptions()
    timer = threading.Timer(min(PATIENCE, max(deadline - time.monotonic(), 0.0)), setattr, (run, "terminate", True))
    timer.daemon = True
    timer.start()
    try:
        return np.asarray(session.run(None, dict(zip(names, values, strict=False)), run)[0], dtype=np.float32)
    except Exception as error:
        if not run.terminate:
            raise
        raise SlowGraphError(
            _(
                "the ONNX model is too slow: {rows} histories of {length} events were stopped, where one run may take {seconds} seconds and the checks of an import {checks} together; export a smaller one",
                seconds=round(PATIENCE),
                checks=round(CHECKING),
                rows=codes.shape[0],
                length=codes.shape[1],
            )
        ) from error
    finally:
        timer.cancel()
