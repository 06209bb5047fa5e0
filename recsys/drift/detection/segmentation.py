"""Penalised segmentation of a person's events in all clues at once (ruptures, Truong et al. 2020, arXiv 1801.00718).

It proposes where the person's life may fall into parts; `evidence` then judges. The penalty of a further part grows with log n.
"""

import numpy as np

from recsys.drift.detection.config import DETECTION, DetectionConfig
from recsys.drift.detection.event_features import UserEvents


def segment(events: UserEvents, config: DetectionConfig = DETECTION) -> np.ndarray:
    """Indices of the events that begin a new part, none for a life of one piece."""
    import ruptures  # 0.1 s that the first page need not wait for

    signal, every = _signal(events, config)
    if len(signal) < 2 * config.min_segment_events:
        return np.empty(0, dtype=np.int64)
    clues = sum(1 for clue in events.clues.values() if len(np.unique(clue.codes[clue.codes >= 0])) > 1)
    if not clues:
        return np.empty(0, dtype=np.int64)
    penalty = config.segment_penalty * clues * np.log(len(events))
    found = ruptures.KernelCPD(kernel="linear", min_size=config.min_segment_events).fit(signal).predict(pen=penalty)
    return np.array(found[:-1], dtype=np.int64) * every


def _signal(events: UserEvents, config: DetectionConfig) -> tuple[np.ndarray, int]:
    """(points, levels) indicators scaled as in chi-square, each clue with variance 1, and how many events are in a point."""
    every = -(-len(events) // config.max_segment_points)
    point = np.arange(len(events)) // every
    parts = [np.zeros((int(point[-1]) + 1, 1))]
    for clue in events.clues.values():
        known = clue.codes >= 0
        levels, code = np.unique(clue.codes[known], return_inverse=True)
        if len(levels) < 2:
            continue
        counts = np.bincount(code).astype(np.float64)
        scale = 1 / np.sqrt(
            (counts + config.segment_smoothing) / (counts.sum() + config.segment_smoothing * len(levels)) * (len(levels) - 1)
        )
        part = np.zeros((int(point[-1]) + 1, len(levels)))
        np.add.at(part, (point[known], code), scale[code])
        parts.append((part - part.mean(axis=0)) / np.sqrt(every))
    return np.hstack(parts), every
