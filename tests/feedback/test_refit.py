"""Refits of every model: a new version beside an untouched old one, reproducible, that follows the feedback; and honest refusals."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp

from recsys.accounts.account import Account, save_account
from recsys.cli.refit_result import list_result_lines
from recsys.core import Dataset, Request
from recsys.core.errors import DataError, NotAllowedError, NotTrainedError
from recsys.core.split import split_interactions
from recsys.database.engine import Store
from recsys.database.schema import AccountRow
from recsys.evaluation import compare_paired, evaluate_model
from recsys.feedback.continued_training import continue_training
from recsys.feedback.feedback_metrics import compute_list_metrics
from recsys.feedback.refit import LEAST_ANSWERS, StoppedError, choose_method, refit_as_json, refit_checkpoint
from recsys.feedback.training_data import load_training_feedback, split_accounts
from recsys.feedback.versions import list_versions
from recsys.model_import.imported_model import ImportedModel
from recsys.model_import.saving import save_imported_model
from recsys.models import MODELS
from recsys.models.imported.vector_model import VectorConfig, VectorModel
from recsys.training.checkpoints import load_checkpoint, read_card
from tests.conftest import WHOLE
from tests.feedback.conftest import answer_lists

REFUSED = ("content", "item-knn-text", "fusion-rrf")
REFITTED = [name for name in WHOLE if name not in REFUSED]
WITH_DISLIKES = [name for name in REFITTED if MODELS[name].gradient or name == "fusion"]
WANTED = [f"i{at:02}" for at in range(0, 15, 2)]


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


@pytest.mark.parametrize("name", REFITTED)
def test_every_model_makes_a_version_and_stays_as_it_was(
    name: str, tiny: Dataset, home_store: Store, owner: Account, save_trained: Callable[..., Path]
) -> None:
    folder = save_trained(name, tiny)
    answer_lists(home_store, tiny, name, WANTED)
    before = contents(folder)
    made = [refit_checkpoint(home_store, owner, name, tiny, seed=seed) for seed in (3, 3)]
    assert [each.name for each in made] == [f"{name}@2", f"{name}@3"]
    assert contents(folder) == before
    versions = [load_checkpoint(folder.with_name(each.name)).model for each in made]
    scores = [each.score([Request(tiny.history(user)) for user in tiny.user_ids]) for each in versions]
    np.testing.assert_array_equal(*scores)  # a seed gives one model
    assert np.isfinite(scores[0]).all() and scores[0].shape == (12, 15)
    assert made[0].validation == made[1].validation and made[0].held_out == made[1].held_out
    assert made[0].n_held_out_accounts > 0 and made[0].n_accounts + made[0].n_held_out_accounts == 6
    card = read_card(folder.with_name(f"{name}@2"))
    assert (card.parent, card.trained_on["n_feedback"]) == (name, made[0].n_feedback)


@pytest.mark.parametrize("name", WITH_DISLIKES)
def test_dislikes_lower_the_scores_of_their_items(
    name: str, tiny: Dataset, home_store: Store, owner: Account, save_trained: Callable[..., Path]
) -> None:
    """Compared with the same refit in which they hardly count."""
    loaded = load_checkpoint(save_trained(name, tiny))
    answer_lists(home_store, tiny, name, WANTED, accounts=12, lists=4)
    answers, split = load_training_feedback(home_store, tiny, name).answers, split_interactions(tiny, "last-out")
    faint = tuple(replace(each, weight=each.weight if each.weight > 0 else -1e-6) for each in answers)
    disliked = [each for each in answers if each.weight < 0]
    columns = tiny.vocabulary.encode([each.item_id for each in disliked]) - 1
    found = []
    for given in (faint, answers):
        made = choose_method(loaded.card)(loaded.model, tiny, split, given, 1, lambda done, of: None)
        scores = made.score([each.request for each in disliked]).astype(np.float64)
        found.append(float((scores[np.arange(len(columns)), columns] - logsumexp(scores, axis=1)).mean()))
    assert found[1] < found[0]


@pytest.mark.parametrize("name", REFUSED)
def test_models_that_feedback_cannot_change_say_so(
    name: str, tiny: Dataset, home_store: Store, owner: Account, save_trained: Callable[..., Path]
) -> None:
    folder = save_trained(name, tiny)
    answer_lists(home_store, tiny, name, WANTED)
    with pytest.raises(DataError, match="learns nothing from events"):
        refit_checkpoint(home_store, owner, name, tiny)
    assert [each.name for each in folder.parent.iterdir()] == [name]


def test_counting_again_counts_the_wanted_items(
    tiny: Dataset, home_store: Store, owner: Account, save_trained: Callable[..., Path]
) -> None:
    folder = save_trained("popularity-recent", tiny)
    answer_lists(home_store, tiny, "popularity-recent", WANTED)
    refit_checkpoint(home_store, owner, "popularity-recent", tiny, seed=2)
    feedback = load_training_feedback(home_store, tiny, "popularity-recent")
    learnt = feedback.of(split_accounts(feedback.accounts, 2)[0])
    counts = [
        np.bincount(load_checkpoint(each).model.arrays()["event_items"], minlength=15)
        for each in (folder, folder.with_name("popularity-recent@2"))
    ]
    expected = np.bincount(tiny.vocabulary.encode([each.item_id for each in learnt.answers if each.weight > 0]) - 1, minlength=15)
    np.testing.assert_array_equal(counts[1] - counts[0], expected)


def test_the_result_is_what_evaluations_of_the_two_say(
    tiny: Dataset, home_store: Store, owner: Account, save_trained: Callable[..., Path]
) -> None:
    folder = save_trained("sasrec", tiny)
    answer_lists(home_store, tiny, "sasrec", WANTED)
    result = refit_checkpoint(home_store, owner, "sasrec", tiny, seed=1)
    old, new = (load_checkpoint(each).model for each in (folder, folder.with_name("sasrec@2")))
    split = split_interactions(tiny, "last-out")
    before, after = (evaluate_model(model, tiny, split, "validation") for model in (old, new))
    paired = compare_paired(after, before, "ndcg@10")
    assert result.validation["ndcg@10"] == (before.metrics["ndcg@10"], after.metrics["ndcg@10"], paired.difference, paired.low, paired.high)
    feedback = load_training_feedback(home_store, tiny, "sasrec")
    held = feedback.of(split_accounts(feedback.accounts, 1)[1])
    shares: list[list[float]] = [[], []]
    for shown in held.lists:
        answers = [each for each in held.answers if each.impression_id == shown.impression_id]
        for model, found in zip((old, new), shares, strict=True):
            row = dict(zip(tiny.item_ids, model.score([shown.request])[0], strict=True))
            pairs = [row[a.item_id] > row[b.item_id] for a in answers for b in answers if a.weight > 0 > b.weight]
            found += [float(np.mean(pairs))] if pairs else []
    assert result.held_out["pairs"][:2] == (pytest.approx(np.mean(shares[0])), pytest.approx(np.mean(shares[1])))
    assert result.off_policy is not None and result.off_policy.lists == len(held.lists)
    as_json = refit_as_json(result)
    assert as_json["name"] == "sasrec@2" and as_json["validation"]["ndcg@10"]["after"] == after.metrics["ndcg@10"]
    (version,) = [each for each in list_versions(home_store, "tiny", "sasrec") if each.version == 2]
    assert version.metrics["held_out"]["pairs"]["after"] == result.held_out["pairs"].after


def test_metrics_of_one_list() -> None:
    scores, is_wanted = np.array([3.0, 1.0, 2.0, 2.0]), np.array([True, False, True, False])
    pairs, ndcg = compute_list_metrics(scores, is_wanted)
    assert pairs == pytest.approx((1 + 1 + 1 + 0.5) / 4)
    gains = 1 / np.log2([2, 3, 4, 5])
    assert ndcg == pytest.approx((gains[0] + (gains[1] + gains[2]) / 2) / (gains[0] + gains[1]))


def test_erased_people_are_in_no_later_refit(tiny: Dataset, home_store: Store, owner: Account, save_trained: Callable[..., Path]) -> None:
    folder = save_trained("bilinear-markov", tiny)
    people = answer_lists(home_store, tiny, "bilinear-markov", WANTED, accounts=8)
    refit_checkpoint(home_store, owner, "bilinear-markov", tiny, seed=1)
    with home_store.write() as session:
        for person in people[:3]:
            session.delete(session.get_one(AccountRow, person.id))
    result = refit_checkpoint(home_store, owner, "bilinear-markov", tiny, seed=1)
    assert result.n_accounts + result.n_held_out_accounts == 5
    # the same as if they had never been there, although an earlier version learnt from them
    feedback = load_training_feedback(home_store, tiny, "bilinear-markov")
    learnt = feedback.of(split_accounts(feedback.accounts, 1)[0])
    assert not {each.account_id for each in learnt.answers} & {each.id for each in people[:3]}
    split = split_interactions(tiny, "last-out")
    expected = continue_training(load_checkpoint(folder).model, tiny, split, learnt.answers, 1, lambda done, of: None).arrays()
    for key, value in load_checkpoint(folder.with_name("bilinear-markov@3")).model.arrays().items():
        np.testing.assert_array_equal(value, expected[key])


def test_one_account_is_learnt_from_and_none_held_out(
    tiny: Dataset, home_store: Store, owner: Account, save_trained: Callable[..., Path]
) -> None:
    save_trained("markov", tiny)
    answer_lists(home_store, tiny, "markov", WANTED, accounts=1, lists=5)
    result = refit_checkpoint(home_store, owner, "markov", tiny)
    assert (result.n_accounts, result.n_held_out_accounts, result.held_out, result.off_policy) == (1, 0, {}, None)


def test_too_little_feedback_is_said_with_how_much_there_is(
    tiny: Dataset, home_store: Store, owner: Account, save_trained: Callable[..., Path]
) -> None:
    folder = save_trained("markov", tiny)
    with pytest.raises(DataError, match=r"has 0 answers .* needs 20 and 5, given on the data as it is now"):
        refit_checkpoint(home_store, owner, "markov", tiny)
    answer_lists(home_store, tiny, "markov", WANTED, accounts=1, lists=2)
    with pytest.raises(DataError, match=f"has 16 answers .* needs {LEAST_ANSWERS}"):
        refit_checkpoint(home_store, owner, "markov", tiny)
    answer_lists(home_store, tiny, "markov", (), accounts=1, lists=6)
    with pytest.raises(DataError, match="likes or items taken"):
        refit_checkpoint(home_store, owner, "markov", tiny, since=0)
    assert [each.name for each in folder.parent.iterdir()] == ["markov"]


def test_a_refit_that_is_stopped_leaves_nothing(
    tiny: Dataset, home_store: Store, owner: Account, save_trained: Callable[..., Path]
) -> None:
    folder = save_trained("sasrec", tiny)
    answer_lists(home_store, tiny, "sasrec", WANTED)
    seen: list[dict[str, Any]] = []
    with pytest.raises(StoppedError, match="was stopped"):
        refit_checkpoint(
            home_store, owner, "sasrec", tiny, report=seen.append, should_stop=lambda: bool(seen) and seen[-1]["stage"] == "training"
        )
    assert seen[-1]["stage"] == "training" and 0 < seen[-1]["done"] < seen[-1]["of"]
    assert [each.name for each in folder.parent.iterdir()] == ["sasrec"]
    assert len(list_versions(home_store, "tiny", "sasrec")) == 1


def test_refusals(tiny: Dataset, home_store: Store, owner: Account, save_trained: Callable[..., Path]) -> None:
    save_trained("markov", tiny)
    viewer = save_account(home_store, "test", "viewer", "Vi", "", "viewer")
    with pytest.raises(NotAllowedError):
        refit_checkpoint(home_store, viewer, "markov", tiny)
    with pytest.raises(DataError, match="starts from the trained checkpoint"):
        refit_checkpoint(home_store, owner, "markov@2", tiny)
    with pytest.raises(NotTrainedError):
        refit_checkpoint(home_store, owner, "sasrec", tiny)
    with pytest.raises(DataError, match="'markov' has 0 answers"):  # the trained one has two names
        refit_checkpoint(home_store, owner, "markov@1", tiny)


def test_imported_models_are_refused(tiny: Dataset, home_store: Store, owner: Account) -> None:
    arrays = {"columns": np.arange(15), "item_vectors": np.eye(15, 4, dtype=np.float32)}
    model = VectorModel(tiny.item_ids, VectorConfig(), arrays)
    save_imported_model(ImportedModel("vectors", model, "mf"), tiny)
    with pytest.raises(DataError, match="was imported"):
        refit_checkpoint(home_store, owner, "mf", tiny)


def test_the_command_prints_what_changed(tiny: Dataset, home_store: Store, owner: Account, save_trained: Callable[..., Path]) -> None:
    save_trained("markov", tiny)
    answer_lists(home_store, tiny, "markov", WANTED)
    result = refit_checkpoint(home_store, owner, "markov", tiny)
    text = "\n".join(list_result_lines(refit_as_json(result), "tiny"))
    assert "versions promote markov@2 tiny" in text and "position-weighted SNIPS" in text and "Assumes that people" in text
    assert f"{result.held_out['pairs'].after:.4g}"[:5] in text and f"{result.n_feedback:,} answers" in text
