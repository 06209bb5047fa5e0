"""The encoder: what its vectors are, and that the cache neither lies nor breaks."""

import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recsys.core.errors import DataError
from recsys.storage import paths
from recsys.text import PINNED, TextEncoder
from recsys.text import encoder as encoder_module

WORDS = "a quiet loud bar park with music trees and coffee"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def small(make_encoder: Callable[..., Path]) -> TextEncoder:
    return TextEncoder(str(make_encoder(WORDS)))


def plain_vectors(folder: Path, texts: list[str]) -> np.ndarray:
    """Mean over the tokens, of length one, by transformers alone."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(folder).eval()
    tokens = AutoTokenizer.from_pretrained(folder)(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        states, mask = model(**tokens).last_hidden_state, tokens["attention_mask"][..., None]
    mean = (states * mask).sum(1) / mask.sum(1)
    return torch.nn.functional.normalize(mean, dim=1).numpy()


def kept(encoder: TextEncoder) -> Path:
    return paths.home() / "texts" / f"{encoder.revision[:32]}.sqlite"


def test_the_pinned_encoder_is_minilm_and_knows_what_is_alike() -> None:
    encoder = TextEncoder()
    texts = ["A quiet place to drink coffee.", "A calm café with good espresso.", "The rocket engine failed at launch."]
    vectors = encoder.encode(texts)
    assert vectors.shape == (3, 384) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.5 > 0.2 > vectors[0] @ vectors[2]
    np.testing.assert_allclose(vectors, plain_vectors(encoder.folder, texts), atol=1e-5)


def test_the_package_of_the_pinned_encoder_is_never_run() -> None:
    code = f"import sys; from recsys.text import TextEncoder; TextEncoder(); print({PINNED.replace('-', '_')!r} in sys.modules, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_other_weights_under_the_pinned_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_module, "PINNED_SHA256", "0" * 64)
    with pytest.raises(DataError, match="not the published encoder"):
        TextEncoder()


def test_a_bare_folder_is_pooled_by_the_mean(small: TextEncoder) -> None:
    texts = ["a quiet park with trees", "loud music", "bar"]
    np.testing.assert_allclose(small.encode(texts), plain_vectors(small.folder, texts), atol=1e-5)


def test_chinese(make_encoder: Callable[..., Path]) -> None:
    encoder = TextEncoder(str(make_encoder("安 静 的 咖 啡 馆 公 园 很 吵 酒 吧")))
    vectors = encoder.encode(["安静的公园", "很吵的酒吧", "安静的咖啡馆", "安静的公园"])
    assert vectors.shape == (4, 16) and len(np.unique(vectors.round(5), axis=0)) == 3
    np.testing.assert_allclose(vectors[0], plain_vectors(encoder.folder, ["安静的公园"])[0], atol=1e-5)


def test_order_repeats_and_silence(small: TextEncoder) -> None:
    vectors = small.encode(["bar", "", "a quiet park with trees and music", "bar", "  bar ", "   "])
    np.testing.assert_array_equal(vectors[[0, 0]], vectors[[3, 4]])
    assert not vectors[[1, 5]].any() and vectors[2].any()
    assert small.encode([]).shape == (0, 16) and small.encode([""]).shape == (1, 16)


def test_progress_counts_distinct_texts(small: TextEncoder) -> None:
    heard: list[tuple[int, int]] = []
    small.encode([f"bar {'music ' * (i % 50)}{i // 50 * 'trees '}" for i in range(100)] * 2, lambda *each: heard.append(each))
    assert heard[0] == (0, 100) and heard[-1] == (100, 100) and heard == sorted(heard)


def test_the_second_time_no_model_is_asked(small: TextEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{'music ' * (i % 30)}{i // 30 * 'bar '}park" for i in range(1000)]
    first = small.encode(texts)
    monkeypatch.setattr(TextEncoder, "_encode_batch", lambda *_: pytest.fail("encoded twice"))
    np.testing.assert_array_equal(TextEncoder(small.name).encode(texts), first)


def test_other_weights_are_another_encoder(small: TextEncoder, make_encoder: Callable[..., Path]) -> None:
    other = TextEncoder(str(make_encoder(WORDS, seed=1)))
    first = small.encode(["a quiet bar"])
    assert other.revision != small.revision
    assert np.abs(other.encode(["a quiet bar"]) - first).max() > 0.01
    shutil.copy(kept(small), kept(other))  # even a file under a wrong name answers nothing
    assert np.abs(other.encode(["a loud bar"]) - small.encode(["a loud bar"])).max() > 0.01


def test_a_changed_folder_is_another_encoder(make_encoder: Callable[..., Path]) -> None:
    folder, changed = make_encoder(WORDS), make_encoder(WORDS, seed=2)
    before = TextEncoder(str(folder))
    vectors = before.encode(["a quiet bar"])
    shutil.copy(changed / "model.safetensors", folder / "model.safetensors")
    after = TextEncoder(str(folder))
    assert np.abs(after.encode(["a quiet bar"]) - vectors).max() > 0.01


@pytest.mark.parametrize("damage", [b"", b"no database at all" * 300])
def test_a_damaged_cache_is_begun_anew(small: TextEncoder, damage: bytes) -> None:
    first = small.encode(["a quiet bar"])
    kept(small).write_bytes(damage)
    for _ in range(2):
        np.testing.assert_allclose(small.encode(["a quiet bar"]), first, atol=1e-6)
    with sqlite3.connect(kept(small)) as file:
        assert file.execute("SELECT count(*) FROM vectors").fetchone() == (1,)


def test_a_home_that_cannot_be_written_only_costs_time(small: TextEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RECSYS_HOME", str(tmp_path / "file"))
    assert small.encode(["a quiet bar"]).any()


def _write(revision: str, number: int, stop: float) -> None:
    from recsys.text.vector_cache import VectorCache

    cache, row = VectorCache(revision), 0
    while time.time() < stop:
        cache.put({f"text {number if row % 2 else 'of all'} {row + each}": np.full(16, row + each, np.float32) for each in range(20)})
        row += 20


def test_writers_at_once_and_a_kill_leave_whole_vectors() -> None:
    from recsys.text.vector_cache import VectorCache

    revision, fork = "f" * 64, multiprocessing.get_context("fork")
    writers = [fork.Process(target=_write, args=(revision, number, time.time() + 20)) for number in range(3)]
    for writer in writers:
        writer.start()
    deadline, cache = time.time() + 15, VectorCache(revision)
    while time.time() < deadline and len(cache.get([f"text of all {row}" for row in range(40)])) < 20:
        time.sleep(0.05)
    for writer in writers:
        os.kill(writer.pid or 0, 9)
        writer.join()
    found = cache.get([f"text of all {row}" for row in range(2000)])
    assert len(found) >= 20
    assert all(vector.shape == (16,) and (vector == int(text.split()[-1])).all() for text, vector in found.items())
    cache.put({"after the kill": np.ones(16, np.float32)})
    assert set(cache.get(["after the kill", "never put"])) == {"after the kill"}


@pytest.mark.parametrize("name", ["/no/such/folder", "./nor/this", "a/b/c"])
def test_a_folder_that_is_not_there_is_one_line(name: str) -> None:
    with pytest.raises(DataError, match="there is no encoder folder"):
        TextEncoder(name)


def test_a_folder_without_a_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no config\.json"):
        TextEncoder(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(DataError, match="cannot be read as a text encoder") as error:
        TextEncoder(str(tmp_path)).encode(["a bar"])
    assert "\n" not in str(error.value)


def test_an_id_without_a_network_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def offline(*_: object, **__: object) -> str:
        raise OSError("Name or service not known\nmore lines")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    with pytest.raises(DataError, match="give a local folder instead") as error:
        TextEncoder("google-bert/bert-base-chinese")
    assert "\n" not in str(error.value)


def test_it_tells_what_it_would_not_have_to_read(small: TextEncoder) -> None:
    assert small.are_cached([]) and not small.are_cached(["a park"])
    small.encode(["a park", "quiet"])
    assert small.are_cached(["quiet", " a park ", ""]) and not small.are_cached(["a park", "music"])
