"""Leaderboard runs: models are trained and measured once, runs resume after a stop, and existing checkpoints are never replaced."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys import datasets, leaderboard
from recsys.core import Dataset
from recsys.core.errors import DataError, UnknownNameError
from recsys.core.split import split_interactions
from recsys.evaluation import Evaluation, compare_paired, evaluate_model
from recsys.leaderboard import (
    ABLATIONS,
    Ablation,
    LeaderboardRow,
    Measurement,
    MeasurementStarted,
    ModelSkipped,
    TrainingProgress,
    find_measurement,
    measure_ablation,
    save_measurement,
)
from recsys.leaderboard.ablations import AblationStep
from recsys.models import MODELS
from recsys.storage import paths
from recsys.training import checkpoints, loop

COUNTED = ("popularity", "markov")


def run(dataset: Dataset, *args: Any, **options: Any) -> dict[str, list[Any]]:
    """Run a leaderboard and return its events by type."""
    said: dict[str, list[Any]] = {kind.__name__: [] for kind in (TrainingProgress, MeasurementStarted, LeaderboardRow, ModelSkipped)}
    for step in leaderboard.run_leaderboard(dataset, *args, **options):
        said[type(step).__name__].append(step)
    return said


@pytest.fixture(autouse=True)
def no_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is shipped here, unless a test puts it there."""
    for module in ("run", "measurements"):
        monkeypatch.setattr(f"recsys.leaderboard.{module}.ASSETS", tmp_path / "assets")
    return tmp_path / "assets"


def test_what_is_missing_is_trained_and_measured_once(tiny: Dataset) -> None:
    first = run(tiny, only=COUNTED)
    assert [line.model for line in first["LeaderboardRow"]] == list(COUNTED)
    assert {step.model for step in first["TrainingProgress"]} == {step.model for step in first["MeasurementStarted"]} == set(COUNTED)
    second = run(tiny, only=COUNTED)
    assert second["TrainingProgress"] == second["MeasurementStarted"] == []
    for before, after in zip(first["LeaderboardRow"], second["LeaderboardRow"], strict=True):
        assert (after.metrics, after.intervals, after.request_ms) == (before.metrics, before.intervals, before.request_ms)
        assert {name: part and part.metrics for name, part in after.slices.items()} == {
            name: part and part.metrics for name, part in before.slices.items()
        }


def test_lines_say_what_an_evaluation_says(tiny: Dataset) -> None:
    (line,) = run(tiny, only=["markov"], which="test")["LeaderboardRow"]
    loaded = checkpoints.load_checkpoint(checkpoints.find_checkpoint("markov", "tiny"))
    found = evaluate_model(loaded.model, tiny, split_interactions(tiny, "last-out"), "test")
    assert (line.metrics, line.intervals) == (found.metrics, found.intervals)
    assert (line.protocol, line.split, line.aware) == ("last-out", "test", ())
    assert line.parameters == loaded.card.parameters
    assert line.train_seconds == loaded.card.seconds
    assert 0 < line.request_ms < 1000


def test_a_stopped_run_goes_on_where_it_was(tiny: Dataset) -> None:
    for step in leaderboard.run_leaderboard(tiny, only=COUNTED):
        if isinstance(step, LeaderboardRow):
            break  # killed after the first line
    rest = run(tiny, only=COUNTED)
    assert {step.model for step in rest["TrainingProgress"]} == {"markov"}
    assert [line.model for line in rest["LeaderboardRow"]] == list(COUNTED)


def test_a_killed_training_is_resumed(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"embedding_size": 8, "batch_tokens": 64, "epochs": 3}
    whole = loop.train_model
    monkeypatch.setattr(loop, "train_model", lambda *args, **options: whole(*args, **options, settings=settings))
    for step in leaderboard.run_leaderboard(tiny, only=["sasrec"], device="cpu"):
        if isinstance(step, TrainingProgress) and step.progress.validation is not None and step.progress.epoch == 1:
            break
    again = run(tiny, only=["sasrec"], device="cpu")
    assert again["TrainingProgress"][0].progress.epoch > 1
    assert [line.model for line in again["LeaderboardRow"]] == ["sasrec"]


def test_models_that_the_dataset_does_not_support_are_skipped(order_only: Dataset) -> None:
    said = run(order_only, only=["popularity-recent", "popularity-nearby", "popularity"])
    assert {each.model: each.reason for each in said["ModelSkipped"]} == {
        "popularity-recent": "it needs times of events, which this dataset does not have",
        "popularity-nearby": "it needs places, which this dataset does not have",
    }
    assert [line.model for line in said["LeaderboardRow"]] == ["popularity"]


def test_one_model_that_fails_does_not_cost_the_others(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = loop.train_model

    def broken(model: str, *args: Any, **options: Any) -> Any:
        if model == "popularity":
            raise DataError("the encoder is not installed; run: pip install it")
        return whole(model, *args, **options)

    monkeypatch.setattr(loop, "train_model", broken)
    said = run(tiny, only=COUNTED)
    assert said["ModelSkipped"] == [ModelSkipped("popularity", "the encoder is not installed; run: pip install it")]
    assert [line.model for line in said["LeaderboardRow"]] == ["markov"]


def test_models_of_a_short_list_are_left_out(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS, "markov", replace(MODELS["markov"], candidates_only=True))
    (left_out,) = run(tiny, only=["markov"])["ModelSkipped"]
    assert "short list" in left_out.reason


def test_wrong_names_and_protocols_are_errors(tiny: Dataset, order_only: Dataset) -> None:
    with pytest.raises(UnknownNameError, match="markow"):
        run(tiny, only=["markow"])
    with pytest.raises(UnknownNameError, match="random"):
        run(tiny, "random", only=["markov"])
    with pytest.raises(DataError, match="no temporal split"):
        run(order_only, "temporal", only=["markov"])


def test_another_protocol_takes_another_name(tiny: Dataset) -> None:
    """A checkpoint that is of use is neither replaced nor hidden."""
    *_, before = loop.train_model("markov", tiny, "last-out")
    (line,) = run(tiny, "temporal", only=["markov"])["LeaderboardRow"]
    assert (line.name, line.protocol) == ("markov-temporal", "temporal")
    assert checkpoints.read_card(before.checkpoint).protocol == "last-out"
    (again,) = run(tiny, "temporal", only=["markov"])["LeaderboardRow"]
    assert again.name == "markov-temporal"
    (first,) = run(tiny, "last-out", only=["markov"])["LeaderboardRow"]
    assert first.name == "markov"


def test_ones_own_goes_before_the_shipped(tiny: Dataset, no_shipped: Path) -> None:
    (own,) = run(tiny, only=["markov"])["LeaderboardRow"]
    for kind in ("checkpoints", "results"):
        shutil.copytree(paths.home() / kind, no_shipped / kind)
        shutil.rmtree(paths.home() / kind)
    shipped = run(tiny, only=["markov"])
    assert shipped["TrainingProgress"] == shipped["MeasurementStarted"] == []
    assert shipped["LeaderboardRow"][0].metrics == own.metrics
    list(loop.train_model("markov", tiny, "last-out", seed=2))
    assert run(tiny, only=["markov"])["LeaderboardRow"][0].created >= own.created


class TestStoredMeasurements:
    @pytest.fixture
    def loaded(self, tiny: Dataset) -> checkpoints.LoadedCheckpoint:
        *_, last = loop.train_model("markov", tiny, "temporal")
        return checkpoints.load_checkpoint(last.checkpoint)

    @pytest.fixture
    def found(self, loaded: checkpoints.LoadedCheckpoint, tiny: Dataset) -> Evaluation:
        found = evaluate_model(loaded.model, tiny, split_interactions(tiny, "temporal"), "test")
        save_measurement(loaded.card, tiny, Measurement(found, 1.5))
        return found

    def test_it_comes_back_whole(self, loaded: checkpoints.LoadedCheckpoint, found: Evaluation, tiny: Dataset) -> None:
        kept = find_measurement(loaded.card, tiny, split_interactions(tiny, "temporal"), "test")
        assert kept is not None
        assert kept.request_ms == 1.5
        again = kept.evaluation
        for name in ("model", "aware", "protocol", "split", "cases", "users", "items", "excluded_users", "metrics", "intervals"):
            assert getattr(again, name) == getattr(found, name), name
        for name in ("ranks", "rows", "user_codes"):
            np.testing.assert_array_equal(getattr(again, name), getattr(found, name))
        for name, part in found.slices.items():
            other = again.slices[name]
            assert (part is None) == (other is None)
            if part is not None and other is not None:
                assert (part.cases, part.users, part.metrics, part.intervals) == (
                    other.cases,
                    other.users,
                    other.metrics,
                    other.intervals,
                )
                np.testing.assert_array_equal(part.case_indices, other.case_indices)
        assert compare_paired(found, again, "ndcg@10").difference == 0

    def test_it_belongs_to_one_checkpoint_on_one_data(self, loaded: checkpoints.LoadedCheckpoint, found: Evaluation, tiny: Dataset) -> None:
        made = split_interactions(tiny, "temporal")
        assert find_measurement(replace(loaded.card, seal="other"), tiny, made, "test") is None
        assert find_measurement(loaded.card, replace(tiny, fingerprint="other"), made, "test") is None
        assert find_measurement(loaded.card, tiny, made, "validation") is None
        assert find_measurement(loaded.card, tiny, made, "test") is not None

    @pytest.mark.parametrize("damage", [b"", b"nonsense", None])
    def test_a_damaged_file_is_as_good_as_none(
        self, damage: bytes | None, loaded: checkpoints.LoadedCheckpoint, found: Evaluation, tiny: Dataset
    ) -> None:
        (file,) = (paths.home() / "results" / "tiny").iterdir()
        file.write_bytes(file.read_bytes()[:-7] if damage is None else damage)
        assert find_measurement(loaded.card, tiny, split_interactions(tiny, "temporal"), "test") is None

    def test_a_write_error_is_ignored(self, loaded: checkpoints.LoadedCheckpoint, tiny: Dataset) -> None:
        (paths.home() / "results").write_text("in the way")
        found = evaluate_model(loaded.model, tiny, split_interactions(tiny, "temporal"), "test")
        save_measurement(loaded.card, tiny, Measurement(found, 1.5))
        assert find_measurement(loaded.card, tiny, split_interactions(tiny, "temporal"), "test") is None


class TestWorth:
    @pytest.fixture
    def judged(self, tiny: Dataset, trained: Callable[..., Any]) -> dict[str, Evaluation]:
        made = split_interactions(tiny, "temporal")
        return {name: evaluate_model(trained(name, tiny), tiny, made) for name in ("markov", "popularity", "frequency")}

    def test_a_step_is_the_paired_difference_to_the_best_without(self, judged: dict[str, Evaluation]) -> None:
        idea = Ablation(
            "t",
            "s",
            (
                AblationStep("counting pairs", "markov", ("popularity", "frequency", "not judged")),
                AblationStep("x", "not judged", ("markov",)),
            ),
        )
        (found,) = measure_ablation(idea, judged, "ndcg@10")
        best = max(("popularity", "frequency"), key=lambda name: judged[name].metrics["ndcg@10"])
        assert found.without == best
        assert (found.before, found.after) == (judged[best].metrics["ndcg@10"], judged["markov"].metrics["ndcg@10"])
        assert found.gain == compare_paired(judged["markov"], judged[best], "ndcg@10")

    def test_on_a_slice(self, judged: dict[str, Evaluation]) -> None:
        idea = Ablation("t", "s", (AblationStep("counting pairs", "markov", ("popularity",)),))
        (found,) = measure_ablation(idea, judged, "mrr", "new_users")
        part = judged["markov"].slices["new_users"]
        assert part is not None
        assert found.after == part.metrics["mrr"]
        assert found.gain.difference == pytest.approx(found.after - found.before)
        empty = {name: replace(each, slices={"new_users": None}) for name, each in judged.items()}
        assert measure_ablation(idea, empty, "mrr", "new_users") == []

    def test_the_ideas_name_models_that_are_there(self) -> None:
        for idea in ABLATIONS:
            for step in idea.steps:
                assert {step.model, *step.without} <= set(MODELS), step


def test_the_demo_has_every_line_from_what_is_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's leaderboard is complete: all models are trained, and measured with their current checkpoints."""
    monkeypatch.setattr("recsys.leaderboard.measurements.ASSETS", paths.ASSETS)
    dataset = datasets.open_dataset("demo-city")
    made = split_interactions(dataset, "temporal")
    cards = {each.name: each.card for each in checkpoints.list_checkpoints("demo-city") if each.shipped}
    wanted = {name for name, spec in MODELS.items() if leaderboard.explain_exclusion(spec, dataset) is None}
    assert wanted == set(cards)
    for name in wanted:
        kept = find_measurement(cards[name], dataset, made, "validation")
        assert kept is not None, f"{name} was not measured since it was trained"
        assert kept.evaluation.metrics["ndcg@10"] == pytest.approx(cards[name].validation["ndcg@10"], abs=1e-4)
    assert sum(file.stat().st_size for file in paths.ASSETS.rglob("*") if file.is_file()) < 40_000_000
