"""Progress of encoding the item texts before a text model is trained."""

from collections.abc import Callable

import numpy as np
import pytest

from recsys import text
from recsys.cli import train
from recsys.core import Dataset


def test_encoding_texts_prints_progress(tiny: Dataset, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked = []

    def vectors(dataset: Dataset, encoder: text.TextEncoder, progress: Callable[[int, int], None]) -> np.ndarray:
        asked.append((dataset.name, encoder.name))
        progress(7, 15)
        return np.zeros((15, 4))

    monkeypatch.setattr(text, "item_vectors", vectors)
    monkeypatch.setattr(train, "SECONDS_BETWEEN_LINES", -1.0)
    train._encode_texts(tiny, None)
    assert asked == [("tiny", text.PINNED)]
    assert capsys.readouterr().err.strip() == "encoded 7 of 15 texts"
