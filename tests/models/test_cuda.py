"""Every model that learns, on CUDA against the same checkpoint on the CPU. Where there is no such device all of it is skipped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recsys.core import Dataset, PredictsBehaviours, PredictsRatings, Traces, request_at
from recsys.evaluation.replay import compute_step_attention
from recsys.explain import METHODS, Game, explain_item
from recsys.models import MODELS
from recsys.models.association import Feedback
from recsys.training import checkpoints
from recsys.training.loop import train_model
from tests.conftest import WHOLE, small

if not torch.cuda.is_available():
    pytest.skip("this machine has no CUDA device", allow_module_level=True)

CLOSE = {"rtol": 5e-3, "atol": 5e-4}  # an LSTM of cuDNN rounds its products to 10 bits (TF32)


@pytest.mark.parametrize("name", [name for name in WHOLE if MODELS[name].gradient])
class TestEveryModelThatLearns:
    @pytest.fixture(scope="class")
    def folders(self) -> dict[str, Path]:
        return {}

    @pytest.fixture
    def folder(self, name: str, folders: dict[str, Path], tiny: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A checkpoint that was trained on CUDA."""
        if name not in folders:
            *_, end = train_model(name, tiny, "last-out", small(name), device="cuda", folder=tmp_path_factory.mktemp("cuda") / name)
            folders[name] = end.checkpoint
        return folders[name]

    @pytest.fixture
    def both(self, folder: Path) -> tuple[Any, Any]:
        return checkpoints.load_checkpoint(folder, "cpu").model, checkpoints.load_checkpoint(folder, "cuda").model

    def test_the_card_says_where_it_learnt(self, folder: Path) -> None:
        card = checkpoints.read_card(folder)
        assert (card.device, card.precision) == ("cuda", "bfloat16")
        assert np.isfinite(card.history[0]["loss"])

    def test_a_run_left_half_way_ends_as_a_whole_one(self, name: str, tiny: Dataset, tmp_path: Path) -> None:
        settings = small(name) | {"epochs": 3}
        *_, whole = train_model(name, tiny, "last-out", settings, device="cuda", folder=tmp_path / "whole")
        for progress in train_model(name, tiny, "last-out", settings, device="cuda", folder=tmp_path / "cut"):
            if len(progress.history) == 2:
                break
        *_, resumed = train_model(name, tiny, "last-out", settings, device="cuda", folder=tmp_path / "cut", resume=True)
        # sums over many threads come in any order, so the two agree but not to the last digit
        np.testing.assert_allclose([each["loss"] for each in resumed.history], [each["loss"] for each in whole.history], rtol=0.02)

    def test_scores(self, both: tuple[Any, Any], tiny: Dataset) -> None:
        histories = [tiny.history(user) for user in tiny.user_ids]
        requests = [request_at(history, step) for history in histories for step in (0, len(history) // 2, len(history))]
        on_cpu, on_cuda = (model.score(requests) for model in both)
        np.testing.assert_allclose(on_cuda, on_cpu, **CLOSE)

    def test_what_else_is_predicted(self, both: tuple[Any, Any], tiny: Dataset) -> None:
        requests = [request_at(tiny.history(user), 3) for user in tiny.user_ids]
        if isinstance(both[0], PredictsRatings):
            on_cpu, on_cuda = (model.ratings(requests) for model in both)
            np.testing.assert_allclose(on_cuda, on_cpu, **CLOSE)
        if isinstance(both[0], PredictsBehaviours):
            on_cpu, on_cuda = (model.behaviours(requests) for model in both)
            np.testing.assert_allclose(on_cuda, on_cpu, **CLOSE)

    def test_replay_and_attention(self, both: tuple[Any, Any], tiny: Dataset) -> None:
        if not isinstance(both[0], Traces):
            return
        history = max((tiny.history(user) for user in tiny.user_ids), key=len)
        steps = np.arange(len(history) + 1)
        by_pass = both[1].score_trace(both[1].trace(history), steps)
        np.testing.assert_allclose(by_pass, both[1].score([request_at(history, step) for step in steps]), **CLOSE)
        np.testing.assert_allclose(by_pass, both[0].score_trace(both[0].trace(history), steps), **CLOSE)
        if METHODS["attention"].why_not(both[0], Game(both[0], request_at(history, 7), "i05")) is None:
            on_cpu, on_cuda = (compute_step_attention(model, history, 7).weights for model in both)
            np.testing.assert_allclose(on_cuda, on_cpu, **CLOSE)

    @pytest.mark.parametrize("method", METHODS)
    def test_explanations(self, name: str, method: str, both: tuple[Any, Any], tiny: Dataset) -> None:
        games = [Game(model, request_at(tiny.history("u03"), 7), "i05", aware=MODELS[name].aware) for model in both]
        if METHODS[method].why_not(both[0], games[0]) is not None:
            return
        on_cpu, on_cuda = (explain_item(game, method, budget=300).values for game in games)
        np.testing.assert_allclose(on_cuda, on_cpu, rtol=2e-2, atol=2e-3)


def test_feedback_is_learnt_where_the_model_lies(tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = trained("association", tiny, fresh=True)
    asked = request_at(tiny.history("u03"), 7)
    told = [Feedback(asked, "i05", True)]
    on_cpu = model.refit(told).score([asked])
    np.testing.assert_allclose(model.to("cuda").refit(told).score([asked]), on_cpu, **CLOSE)


def test_all_together(tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = trained("fusion", tiny, fresh=True)
    asked = [request_at(tiny.history(user), 3) for user in tiny.user_ids]
    on_cpu = model.score(asked)
    np.testing.assert_allclose(model.to("cuda").score(asked), on_cpu, **CLOSE)
