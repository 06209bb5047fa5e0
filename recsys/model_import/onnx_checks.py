"""Checks of an ONNX graph by runs of it: its signature, and whether its scores can be those of a recommender."""

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys.core.errors import CheckpointError, QuestionError, RecsysError, summarize_error
from recsys.core.translation import _
from recsys.model_import.onnx_functions import has_functions
from recsys.model_import.onnx_lengths import check_lengths
from recsys.model_import.options import PADDINGS
from recsys.models.imported.onnx_model import (
    CHECKING,
    SIDES,
    OnnxConfig,
    OnnxModel,
    SlowGraphError,
    open_session,
    pad_windows,
    run_graph,
)

LONGEST = 512
"""Longest history that is tried on a graph without a length of its own."""
MOST_DECLARED = 10_000
CLOSE = 1e-5
SAMPLES = 4
SIGNATURE = "codes (B, T) int64[, lengths (B,) int64] -> scores (B, items) float"
PADDING, LENGTH = "recscope.padding", "recscope.max_length"
"""Names of the metadata_props of a graph that declare the side and the length of its padding."""


@dataclass(frozen=True, eq=False)
class Graph:
    """An open graph with the name of its file, for messages."""

    file: str
    session: Any
    deadline: float = math.inf

    def run(self, windows: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
        """Return the scores (B, n) of padded windows (B, T); a graph that fails is a CheckpointError with ONNX Runtime's reason."""
        try:
            return run_graph(self.session, windows, np.full(len(windows), windows.shape[1]) if lengths is None else lengths, self.deadline)
        except RecsysError:
            raise
        except Exception as error:  # ONNX Runtime's errors have no base class of their own
            raise CheckpointError(
                _(
                    "{file} cannot score {rows} histories of {length} events ({reason}); export it for any number of histories, with dynamic_axes for the batch",
                    file=self.file,
                    rows=windows.shape[0],
                    length=windows.shape[1],
                    reason=describe_failure(error),
                )
            ) from error

    def can_read(self, length: int) -> bool:
        """Return whether the graph reads a history of this length."""
        try:
            self.run(np.ones((1, length), dtype=np.int64))
        except SlowGraphError:
            raise
        except CheckpointError:
            return False
        return True


def open_graph(graph: bytes, file: str) -> Graph:
    """Return the graph of the bytes of an ONNX file; what ONNX Runtime cannot run is a CheckpointError with the reason."""
    if has_functions(graph):
        raise CheckpointError(
            _(
                "{file} has functions of its own, which may call each other billions of times; save it without, with onnx.inliner.inline_local_functions(model)",
                file=file,
            )
        )
    try:
        return Graph(file, open_session(graph), time.monotonic() + CHECKING)
    except RecsysError:
        raise
    except Exception as error:
        reason = describe_failure(error)
        if "external" in reason.lower():
            message = _(
                "{file} keeps its weights in a second file; save it in one, with onnx.save(model, FILE, save_as_external_data=False)",
                file=file,
            )
        elif "registered" in reason or "domain" in reason.lower():
            message = _(
                "{file} uses operators that ONNX Runtime does not have ({reason}); export it with standard operators only",
                file=file,
                reason=reason,
            )
        else:
            message = _("{file} cannot be read as an ONNX model ({reason}); export it again", file=file, reason=reason)
        raise CheckpointError(message) from error


def describe_failure(error: Exception) -> str:
    """Return the part of an error of ONNX Runtime that says something, in one line."""
    return summarize_error(error).split(" : ")[-1].strip()[:300]


def find_signature(graph: Graph, n_items: int, padding: str = "") -> OnnxConfig:
    """Return the signature of a graph over a list of `n_items`, found by running it.

    `padding` is one of PADDINGS, or empty where the graph's own metadata_props or runs of it must tell.
    """
    fixed = _check_types(graph)
    check_lengths(graph, n_items, fixed)
    _check_width(graph, (SAMPLES, graph.session.get_outputs()[0].shape[1]), n_items)
    declared = graph.session.get_modelmeta().custom_metadata_map
    side = padding or declared.get(PADDING, "")
    if side not in ("", *PADDINGS):
        raise CheckpointError(_("{file} declares {name}={value}; declare left, right or none", file=graph.file, name=PADDING, value=side))
    limit = fixed or _declared_length(graph, declared)
    is_known = bool(limit)
    limit = limit or _find_limit(graph)
    codes = np.random.default_rng(0).integers(1, n_items + 1, (SAMPLES, max(1, min(limit // 2, 5))))
    if not fixed:
        _check_width(graph, graph.run(codes).shape, n_items)
        _check_repeatable(graph.file, graph.run(codes), graph.run(codes))
    if (fixed and side not in SIDES) or not (fixed or side or any(_ignores_padding(graph, codes, each, limit) for each in SIDES)):
        raise QuestionError(
            _(
                "{file} reads histories of one length or counts their padding, and does not say which: are shorter histories padded on the left (0 0 5 7), on the right (5 7 0 0) or not at all (none)?",
                file=graph.file,
            ),
            "--padding",
            "none" if not fixed and limit == LONGEST else "left",
            choices=SIDES if fixed else PADDINGS,
        )
    is_padded = bool(fixed) or (side in SIDES and not _ignores_padding(graph, codes, side, limit))
    if is_padded and not is_known and limit == LONGEST:
        raise CheckpointError(
            _(
                "{file} reads padded histories of any length, and its scores depend on the padding; declare the length that it was trained on in its metadata_props, for example {name}=50",
                file=graph.file,
                name=LENGTH,
            )
        )
    width = graph.run(pad_windows(codes, limit if is_padded else codes.shape[1], side), np.full(SAMPLES, codes.shape[1])).shape
    _check_width(graph, width, n_items)
    return OnnxConfig(limit, is_padded, side if side in SIDES else "left", n_items, has_padding_score=width[1] == n_items + 1)


def check_scores(model: OnnxModel, file: str) -> bool:
    """Return whether a model scores empty histories; scores that cannot be a recommender's are a CheckpointError.

    They must be finite and the same whenever they are asked for, by themselves or in a batch, and depend on the last event.
    """
    rng, most = np.random.default_rng(0), model.window
    moved = False
    for length in sorted({1, min(2, most), max(1, most // 2), most}):
        windows = rng.integers(1, model.config.n_codes + 1, (SAMPLES, length))
        scores = model.score_windows(windows)[:, 1:]
        _check_repeatable(file, scores, model.score_windows(windows)[:, 1:])
        near = CLOSE * max(1.0, float(np.abs(scores).max()))
        alone = np.concatenate([model.score_windows(each[None])[:, 1:] for each in windows])
        if np.abs(alone - scores).max() > near:
            raise CheckpointError(
                _(
                    "{file} gives other scores for a history of {length} events in a batch than by itself; export it in evaluation mode, without batch normalization over the histories",
                    file=file,
                    length=length,
                )
            )
        other = windows.copy()
        other[:, -1] = other[:, -1] % model.config.n_codes + 1
        moved |= bool(np.abs(model.score_windows(other)[:, 1:] - scores).max() > 0)
    if not moved and model.config.n_codes > 1:
        raise CheckpointError(
            _(
                "the scores of {file} do not depend on the last event of a history; check the side of the padding, for example with --padding right",
                file=file,
            )
        )
    try:
        return bool(np.isfinite(model.score_windows(np.empty((1, 0), dtype=np.int64))).all())
    except Exception:  # a graph may fail on a history of padding alone, which is then scored without it
        return False


def _check_repeatable(file: str, scores: np.ndarray, again: np.ndarray) -> None:
    if not np.isfinite(scores).all():
        raise CheckpointError(
            _("{file} gives scores that are not finite numbers; export it in evaluation mode, before its training diverged", file=file)
        )
    if np.abs(again - scores).max() > CLOSE * max(1.0, float(np.abs(scores).max())):
        raise CheckpointError(
            _("{file} gives other scores each time for the same history; export it in evaluation mode, without dropout", file=file)
        )


def _check_types(graph: Graph) -> int:
    """Return the length of histories that the graph fixes, 0 where it reads any; another signature is a CheckpointError."""
    inputs, outputs = graph.session.get_inputs(), graph.session.get_outputs()
    shapes = [list(each.shape) for each in (*inputs, *outputs[:1])]
    fits = (
        len(inputs) in (1, 2)
        and len(outputs) >= 1
        and [each.type for each in inputs] == ["tensor(int64)"] * len(inputs)
        and outputs[0].type in ("tensor(float)", "tensor(float16)", "tensor(double)")
        and [len(each) for each in shapes] == ([2, 2] if len(inputs) == 1 else [2, 1, 2])
    )
    if not fits:
        found = ", ".join(f"{each.name} {each.type}{list(each.shape)}" for each in (*inputs, *outputs))
        raise CheckpointError(
            _("{file} has the signature {found}; export it as {expected}", file=graph.file, found=found, expected=SIGNATURE)
        )
    if any(isinstance(shape[0], int) for shape in shapes):
        raise CheckpointError(
            _(
                "{file} scores a fixed number of histories at once ({rows}); export it with a dynamic batch, for example dynamic_axes={{'codes': {{0: 'batch'}}, 'scores': {{0: 'batch'}}}}",
                file=graph.file,
                rows=next(shape[0] for shape in shapes if isinstance(shape[0], int)),
            )
        )
    length = shapes[0][1] if isinstance(shapes[0][1], int) else 0
    if not 0 <= length <= MOST_DECLARED:
        raise CheckpointError(
            _(
                "{file} reads histories of {length} events; export it for histories of a length such as 50, at most {most}",
                file=graph.file,
                length=length,
                most=MOST_DECLARED,
            )
        )
    return length


def _check_width(graph: Graph, shape: tuple[Any, ...], n_items: int) -> None:
    """Raise a CheckpointError unless scores of this shape for SAMPLES histories fit a list of items; a length that is a name fits."""
    if len(shape) != 2 or shape[0] != SAMPLES or (isinstance(shape[1], int) and shape[1] not in (n_items, n_items + 1)):
        raise CheckpointError(
            _(
                "{file} gives scores of the shape {shape} for {rows} histories, and its list has {items} items; give the list that it was trained on, one score an item ({rows}×{items}) or one more with that of padding first",
                file=graph.file,
                shape="×".join(map(str, shape)),
                rows=SAMPLES,
                items=n_items,
            )
        )


def _declared_length(graph: Graph, declared: dict[str, str]) -> int:
    value = declared.get(LENGTH, "0")
    if not (value.isascii() and value.isdigit() and len(value) < 10) or int(value) > MOST_DECLARED:
        raise CheckpointError(
            _("{file} declares {name}={value}; declare a number of events, for example 50", file=graph.file, name=LENGTH, value=value)
        )
    return int(value)


def _find_limit(graph: Graph) -> int:
    """Return the longest history up to LONGEST that the graph reads, found by halving."""
    graph.run(np.ones((2, 1), dtype=np.int64))  # raises the reason of a graph that reads nothing, or runs without end
    if graph.can_read(LONGEST):
        return LONGEST
    reads, fails = 1, LONGEST
    while fails - reads > 1:
        middle = (reads + fails) // 2
        reads, fails = (middle, fails) if graph.can_read(middle) else (reads, middle)
    return reads


def _ignores_padding(graph: Graph, codes: np.ndarray, side: str, limit: int) -> bool:
    """Return whether padding on a side does not change the scores of codes (B, T)."""
    length = min(codes.shape[1] + 3, limit)
    if length == codes.shape[1]:
        return True
    lengths = np.full(len(codes), codes.shape[1])
    bare, padded = graph.run(codes, lengths), graph.run(pad_windows(codes, length, side), lengths)
    return bool(np.allclose(bare, padded, rtol=1e-4, atol=1e-4))
