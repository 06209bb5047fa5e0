"""The training loop: the same result for the same seed, also after an interruption; stopping; errors for what cannot be trained."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from recsys.core import Dataset
from recsys.core.errors import CheckpointError, DataError, UnknownNameError
from recsys.training.loop import Progress, train_model

SMALL = {"embedding_size": 8, "max_length": 6, "batch_tokens": 40, "epochs": 4}


def last(dataset: Dataset, folder: Path, **options: object) -> Progress:
    *_, end = train_model("sasrec", dataset, settings=SMALL, device="cpu", folder=folder, **options)
    return end


def weights(folder: Path) -> dict[str, np.ndarray]:
    return load_file(folder / "model.safetensors")


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_a_run_ends_with_a_checkpoint_and_a_whole_card(tiny: Dataset, tmp_path: Path) -> None:
    end = last(tiny, tmp_path / "a")
    assert end.checkpoint == tmp_path / "a"
    assert end.card is not None
    assert [each["epoch"] for each in end.card.history] == [1, 2, 3, 4]
    best = max(each["ndcg@10"] for each in end.card.history)
    assert end.card.validation["ndcg@10"] == pytest.approx(best)
    assert end.card.parameters == sum(value.size for value in weights(tmp_path / "a").values())


def test_the_seed_decides_everything(tiny: Dataset, tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        last(tiny, tmp_path / name, seed=seed)
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert not same(weights(tmp_path / "a"), weights(tmp_path / "c"))


def test_learning_lowers_the_loss(tiny: Dataset, tmp_path: Path) -> None:
    *_, end = train_model(
        "sasrec", tiny, settings={**SMALL, "epochs": 25, "patience": 25, "learning_rate": 0.02, "dropout": 0.0}, folder=tmp_path / "a"
    )
    assert end.history[-1]["loss"] < 0.8 * end.history[0]["loss"]


def test_an_abandoned_run_resumes_to_the_same_weights(tiny: Dataset, tmp_path: Path) -> None:
    last(tiny, tmp_path / "whole")
    for progress in train_model("sasrec", tiny, settings=SMALL, folder=tmp_path / "cut"):
        if progress.epoch == 3:
            break
    assert not (tmp_path / "cut").exists()
    last(tiny, tmp_path / "cut", resume=True)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "cut"))
    assert not list(tmp_path.glob(".*")), "the state of a finished run is cleared away"


def test_a_killed_process_resumes_to_the_same_weights(tiny: Dataset, tmp_path: Path) -> None:
    last(tiny, tmp_path / "whole")
    code = f"""
import torch; torch.set_num_threads(1)
from pathlib import Path
from tests import conftest
from tests.training.test_loop import SMALL
from recsys.training.loop import train_model
for progress in train_model("sasrec", conftest.tiny.__wrapped__(), settings=SMALL, device="cpu", folder=Path({str(tmp_path / "cut")!r})):
    print(progress.epoch, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == "3":
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    last(tiny, tmp_path / "cut", resume=True)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "cut"))


def test_resuming_with_other_settings_is_refused(tiny: Dataset, tmp_path: Path) -> None:
    for progress in train_model("sasrec", tiny, settings=SMALL, folder=tmp_path / "a"):
        if progress.epoch == 2:
            break
    with pytest.raises(CheckpointError, match="other settings"):
        last(tiny, tmp_path / "a", seed=9, resume=True)


def test_stopping_keeps_the_best_so_far_and_the_way_on(tiny: Dataset, tmp_path: Path) -> None:
    seen: list[Progress] = []
    for progress in train_model("sasrec", tiny, settings=SMALL, folder=tmp_path / "a", stop=lambda: len(seen) > 0):
        seen.append(progress)
    assert seen[-1].checkpoint == tmp_path / "a"
    assert 1 <= len(seen[-1].history) < 4


def test_minutes_end_a_run(tiny: Dataset, tmp_path: Path) -> None:
    end = last(tiny, tmp_path / "a", minutes=1e-9)
    assert end.checkpoint is not None
    assert len(end.history) == 1


def test_counted_models_go_through_the_same_door(tiny: Dataset, tmp_path: Path) -> None:
    *_, end = train_model("markov", tiny, folder=tmp_path / "a")
    assert end.card is not None
    assert end.card.validation["ndcg@10"] > 0


def test_what_cannot_be_trained_is_refused(order_only: Dataset, tiny: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="needs time"):
        list(train_model("sasrec-time", order_only, folder=tmp_path / "a"))
    with pytest.raises(DataError, match="no temporal split"):
        list(train_model("sasrec", order_only, protocol="temporal", folder=tmp_path / "a"))
    with pytest.raises(UnknownNameError, match="sasrec"):
        list(train_model("sasrek", tiny, folder=tmp_path / "a"))
    with pytest.raises(UnknownNameError, match="embedding_size"):
        list(train_model("sasrec", tiny, settings={"embeding_size": 8}, folder=tmp_path / "a"))
    with pytest.raises(DataError, match="dropout"):
        list(train_model("sasrec", tiny, settings={"dropout": "2"}, folder=tmp_path / "a"))
    for size in (10**7, 10**9):
        with pytest.raises(DataError, match=r"GB of memory, and .* are free; use smaller ones"):
            list(train_model("sasrec", tiny, settings={"embedding_size": size}, folder=tmp_path / "a"))
    with pytest.raises(DataError, match="minutes"):
        list(train_model("sasrec", tiny, minutes=-1, folder=tmp_path / "a"))
    assert not list(tmp_path.iterdir())


def test_the_test_split_is_never_read(tiny: Dataset, tmp_path: Path) -> None:
    import dataclasses

    from recsys.core.split import TEST, split_interactions

    poisoned = tiny.interactions.copy()
    test = split_interactions(tiny, "last-out").labels == TEST
    poisoned.loc[test, "item_id"] = "i14"
    last(tiny, tmp_path / "a")
    last(dataclasses.replace(tiny, interactions=poisoned), tmp_path / "b")
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))
