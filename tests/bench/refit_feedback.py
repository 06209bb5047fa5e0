"""Pairs of a wanted and an unwanted item in the right order, in held-out feedback after a refit of `association`; reference: before it.

The feedback: 1,000 lists of the demo city, shown to residents at random validation steps of their own timelines. A resident examines
rank r with probability 1 / log2(1 + r), and likes or dislikes what was examined by the planted taste: the probability of the place
under the simulation, from the resident's taste of categories, the appeal and personal liking of places and the distance from home. Every
resident is an account; the refit never sees the feedback of the held-out ones. The true value of the lists before and after, which only a
simulation knows, is the probability that a held-out resident likes an examined item.
`python -m tests.bench.refit_feedback MODEL …` prints all metrics of other models.
"""

import os
import sys
import tempfile
from typing import Any

import numpy as np

from recsys.accounts.account import Account, open_local_account
from recsys.cli.console import say
from recsys.core import Dataset, Request, candidate_scores, recommend, request_at, top_k
from recsys.core.split import VALIDATION, split_interactions
from recsys.database.engine import Store, open_store
from recsys.database.schema import AccountRow
from recsys.datasets import open_dataset
from recsys.feedback.off_policy import compute_examination
from recsys.feedback.recording import Impression, record_feedback, record_impression
from recsys.feedback.refit import RefitResult, refit_checkpoint
from recsys.feedback.training_data import load_training_feedback, split_accounts
from recsys.simulation.categories import CATEGORIES
from recsys.simulation.drift_plan import plant_drifts
from recsys.simulation.local_time import START
from recsys.simulation.people import AFTER, BASE, build_people
from recsys.simulation.places import build_places
from recsys.training.checkpoints import find_checkpoint, load_checkpoint
from tests.bench._timing import measured

SEED, LISTS, RESIDENTS = 2, 1_000, 250
CITY = {"seed": 7, "people": 1200, "places": 500, "days": 548}
"""The arguments of `simulate_city` that made the shipped data."""
WANTED_QUANTILE = 0.97
"""A place that is as probable as this quantile of all places is wanted half of the time when it is examined."""


def measure() -> dict[str, Any]:
    result = refit("association")
    return measured(result.held_out["pairs"].after, "pairs in order", result.held_out["pairs"].before)


def refit(checkpoint: str) -> RefitResult:
    """Refit a shipped checkpoint on simulated feedback in a home of its own, and print what changed."""
    dataset = open_dataset("demo-city")
    preferences = compute_preferences(dataset)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RECSYS_HOME"] = folder
        store = open_store()
        collect_feedback(store, dataset, checkpoint, preferences)
        result = refit_checkpoint(store, open_local_account(store), checkpoint, dataset, seed=SEED)
        feedback = load_training_feedback(store, dataset, checkpoint)
        requests = [each.request for each in feedback.of(split_accounts(feedback.accounts, SEED)[1]).lists]
        models = [load_checkpoint(find_checkpoint(name, dataset.name)).model for name in (checkpoint, result.name)]
        before, after = (compute_true_value(model, dataset, requests, preferences) for model in models)
    answers = f"{result.n_feedback:,} answers of {result.n_accounts} residents"
    say(f"{checkpoint}: {answers}; held out {result.n_held_out:,} of {result.n_held_out_accounts}")
    for where, changes in (("held-out", result.held_out), ("validation", result.validation)):
        for name, each in changes.items():
            say(f"  {where} {name}: {each.before:.4f} to {each.after:.4f}, {each.difference:+.4f} [{each.low:+.4f}, {each.high:+.4f}]")
    found = result.off_policy
    if found is not None:
        say(f"  off-policy: {found.shown:.4f} to {found.new:.4f}, {found.difference:+.4f} [{found.low:+.4f}, {found.high:+.4f}]")
    say(f"  true value: {before:.4f} to {after:.4f}; {result.seconds:.0f} s")
    return result


def compute_true_value(model: Any, dataset: Dataset, requests: list[Request], preferences: np.ndarray) -> float:
    """Return the probability that a resident likes an examined item of the model's lists of ten."""
    best = top_k(candidate_scores(model, requests, model.vocabulary, dataset.repeats), 10)
    users = np.searchsorted(dataset.user_ids.astype(str), [str(each.history.user_id) for each in requests])
    examined = compute_examination(np.arange(1, 11), 10)
    chances = np.array([compute_chances(preferences[user], items) for user, items in zip(users, best, strict=True)])
    return float((chances @ examined).mean() / examined.sum())


def compute_chances(preference: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the probability that a resident likes each of these items when it is examined."""
    values = preference[columns]
    return np.asarray(values / (values + np.quantile(preference, WANTED_QUANTILE)))


def collect_feedback(store: Store, dataset: Dataset, checkpoint: str, preferences: np.ndarray) -> None:
    """Show lists of a checkpoint to residents and record their answers."""
    loaded = load_checkpoint(find_checkpoint(checkpoint, dataset.name))
    labels, rng = split_interactions(dataset, "temporal").labels, np.random.default_rng(SEED)
    users = dataset.interactions["user_id"].cat.codes.to_numpy()
    rows = np.flatnonzero(labels == VALIDATION)
    residents = rng.permutation(np.unique(users[rows]))[:RESIDENTS]
    accounts: dict[int, Account] = {}
    for row in rng.permutation(rows[np.isin(users[rows], residents)])[:LISTS]:
        user = int(users[row])
        name = str(dataset.user_ids[user])
        if user not in accounts:
            accounts[user] = _save_resident(store, name)
        step = int(row - dataset.user_starts[user])
        best = recommend(loaded.model, request_at(dataset.history(name), step), 10, dataset.repeats)
        items, scores = [each.item_id for each in best], [each.score for each in best]
        shown = Impression(dataset.name, dataset.fingerprint, checkpoint, loaded.fingerprint, name, step, items, scores)
        impression = record_impression(store, accounts[user], shown)
        for item, action in _answer(preferences[user], dataset, items, rng):
            record_feedback(store, accounts[user], impression, item, action)


def _save_resident(store: Store, name: str) -> Account:
    """Return an account with the id of the resident, so that every run holds out the same ones."""
    with store.write() as session:
        session.add(AccountRow(id=name, issuer="simulation", subject=name, name=name, email="", role="editor"))
    return Account(name, name, "editor")


def _answer(preference: np.ndarray, dataset: Dataset, items: list[str], rng: np.random.Generator) -> list[tuple[str, str]]:
    """Return the answers of a resident whose probability of every place is `preference` (n_items,)."""
    is_examined = rng.random(len(items)) < compute_examination(np.arange(1, len(items) + 1), len(items))
    is_liked = rng.random(len(items)) < compute_chances(preference, dataset.vocabulary.encode(items) - 1)
    return [(items[at], "like" if is_liked[at] else "dislike") for at in np.flatnonzero(is_examined)]


def compute_preferences(dataset: Dataset) -> np.ndarray:
    """Return the probability (users, items) that a resident's next spontaneous visit is to a place, by the planted taste at the end."""
    rng = np.random.default_rng(CITY["seed"])
    places = build_places(rng, CITY["places"])
    people = build_people(rng, CITY["people"], places, CITY["days"])
    plan = plant_drifts(rng, people, places, CITY["days"], START)
    version = np.where(plan.after[:, -1] > 0.5, AFTER, BASE)
    everyone = np.arange(len(people))
    taste, home = people.taste[version, everyone], people.home[version, everyone]
    away = np.linalg.norm(home[:, None] - places.plan[None], axis=2)
    worth = places.appeal + people.liking - away / people.reach[:, None]
    found = np.zeros(worth.shape)
    for code in range(len(CATEGORIES)):
        here = places.of_category[code]
        exponent = np.exp(worth[:, here] - worth[:, here].max(axis=1, keepdims=True))
        found[:, here] = taste[:, [code]] * exponent / exponent.sum(axis=1, keepdims=True)
    users = np.searchsorted(people.ids, dataset.user_ids)
    columns = np.searchsorted(places.ids, dataset.item_ids)
    return found[np.ix_(users, columns)]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        refit(name)
