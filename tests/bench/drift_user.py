"""Everything about one person's drift, 500 events in 500 days; reference: ruptures' segmentation of the same events alone."""

from typing import Any

import numpy as np
import pandas as pd

from recsys.datasets.build import build_dataset
from recsys.drift import build_feature_space, detect_drift
from recsys.drift.detection.event_features import read_user_events
from recsys.drift.detection.segmentation import segment_events
from tests.bench._timing import measured, times_of


def measure() -> dict[str, Any]:
    random = np.random.default_rng(0)
    items = np.where(np.arange(500) < 250, random.integers(0, 150, 500), random.integers(100, 250, 500))
    items = np.concatenate([items, np.arange(250)])
    names = [f"i{at}" for at in range(250)]
    places = {"latitude": random.uniform(40.6, 40.9, 250), "longitude": random.uniform(-74.1, -73.8, 250)}
    dataset = build_dataset(
        name="one-life",
        title="One life",
        interactions=pd.DataFrame({
            "user_id": ["anna"] * 500 + ["zoe"] * 250,
            "item_id": np.array(names)[items],
            "timestamp": pd.to_datetime(1_600_000_000 + 86_400 * np.concatenate([np.sort(random.uniform(0, 500, 500)), np.arange(250)]), unit="s", utc=True),
        }),
        items=pd.DataFrame({"category": [f"kind {at % 40}" for at in range(250)], **places}, index=names),
        repeats=True,
    )  # fmt: skip
    scene = build_feature_space(dataset)
    events = read_user_events(dataset, scene, "anna")
    whole = np.median(times_of(lambda: detect_drift(dataset, scene, "anna"), repeats=15))
    return measured(float(whole), "ms", float(np.median(times_of(lambda: segment_events(events), repeats=15))))
