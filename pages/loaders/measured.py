"""How good models are, as measured."""

import numpy as np

from pages.loaders.data import uploads
from pages.loaders.models import loaded
from pages.loaders.shared import shared
from recsys.checkpoints import Card, Loaded
from recsys.core import Dataset, PredictsRatings
from recsys.evaluation.ratings import Expected, expected_beside_given
from recsys.leaderboard import Kept, find_kept, keep, kept_stamp, measure
from recsys.split import split


def kept(dataset: Dataset, card: Card, which: str) -> Kept | None:
    """What was measured of a checkpoint at any time, on this disk; None if it never was."""
    stamp = kept_stamp(card, dataset, which)
    return _kept(dataset, card, which, stamp) if stamp else None


@shared(256)
def _kept(dataset: Dataset, card: Card, which: str, stamp: str) -> Kept | None:
    return find_kept(card, dataset, split(dataset, card.protocol), which)


def evaluation(dataset: Dataset, checkpoint: str, which: str, device: str) -> Kept:
    """A checkpoint judged on a split, with the milliseconds one request takes; on disk too, unless the data is one session's own."""
    found = loaded(dataset, checkpoint, device)
    return kept(dataset, found.card, which) or _evaluation(dataset, found, which)


@shared(64, "Judging the model on everybody …")
def _evaluation(dataset: Dataset, found: Loaded, which: str) -> Kept:
    measured = measure(found.model, dataset, split(dataset, found.card.protocol), which)
    if dataset.name not in uploads():
        keep(found.card, dataset, measured)
    return measured


def failures(dataset: Dataset, checkpoint: str, device: str) -> list[tuple[str, int]]:
    """People by how badly a checkpoint ranks their validation events (mean log rank), the worst first, each with their worst step."""
    judged = evaluation(dataset, checkpoint, "validation", device).evaluation
    worst = np.lexsort((-judged.ranks, judged.user_codes))
    users, first = np.unique(judged.user_codes[worst], return_index=True)
    badness = np.bincount(judged.user_codes, np.log2(judged.ranks))[users] / np.bincount(judged.user_codes)[users]
    steps = judged.rows[worst][first] - dataset.user_starts[users]
    return [(str(dataset.user_ids[users[at]]), int(steps[at])) for at in np.argsort(-badness, kind="stable")]


def expected_ratings(dataset: Dataset, checkpoint: str, device: str) -> Expected | None:
    """Ratings that a model expects of validation events beside those given; None where the model or the data has none."""
    found = loaded(dataset, checkpoint, device)
    if dataset.ratings is None or not isinstance(found.model, PredictsRatings):
        return None
    return _expected_ratings(dataset, found)


@shared(16, "Asking for ratings …")
def _expected_ratings(dataset: Dataset, found: Loaded) -> Expected | None:
    expected = expected_beside_given(found.model, dataset, split(dataset, found.card.protocol))
    return expected if len(expected.given) else None
