"""Penalised segmentation of a user's events in all features at once (ruptures, Truong et al. 2020, arXiv 1801.00718).

It proposes segments, which change_points.py then tests. The penalty of a further segment grows with log n.
"""

import numpy as np

from recsys.drift.detection.config import DETECTION, DetectionConfig
from recsys.drift.detection.event_features import UserEvents


def segment_events(events: UserEvents, config: DetectionConfig = DETECTION) -> np.ndarray:
    """Return the indices of events that begin a new segment; none where there is only one segment."""
    import ruptures  # takes 0.1 s to import

    signal, every = _signal(events, config)
    if len(signal) < 2 * config.min_segment_events:
        return np.empty(0, dtype=np.int64)
    features = sum(1 for feature in events.features.values() if len(np.unique(feature.codes[feature.codes >= 0])) > 1)
    if not features:
        return np.empty(0, dtype=np.int64)
    penalty = config.segment_penalty * features * np.log(len(events))
    found = ruptures.KernelCPD(kernel="linear", min_size=config.min_segment_events).fit(signal).predict(pen=penalty)
    return np.array(found[:-1], dtype=np.int64) * every


def _signal(events: UserEvents, config: DetectionConfig) -> tuple[np.ndarray, int]:
    """Return (points, levels) indicators scaled as in chi-square, each feature with variance 1, and the number of events in a point."""
    every = -(-len(events) // config.max_segment_points)
    point = np.arange(len(events)) // every
    parts = [np.zeros((int(point[-1]) + 1, 1))]
    for feature in events.features.values():
        known = feature.codes >= 0
        levels, code = np.unique(feature.codes[known], return_inverse=True)
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
