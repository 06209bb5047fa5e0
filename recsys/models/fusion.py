"""Fusion of the rankings of several models, by learnt weights or by reciprocal ranks.

Learnt: the score of an item is a weighted sum of its standard score and −log rank under each part, with weights from a conditional
logit over the validation events, whose candidates are the best items of the parts. Events whose next item is not among them are
left out, since no weights could raise it. (With them, learnt on one half of the validation events and evaluated on the other,
NDCG@10 on Amazon Beauty, ml-100k and deskdrop is .061, .140, .368; without them .066, .151, .374.)
Validation metrics of a fusion are slightly optimistic, unlike those of its parts; the test split is not used. Parts with weight 0
are dropped.

Reciprocal: the sum of 1 / (60 + rank) (Cormack et al. 2009) over the few parts that are best on those events, without learning; on
demo-city nine parts give .444, the best three .543.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np

from recsys.core import Dataset, FallsBack, History, Request, Trace, Traces, Vocabulary, empty_history, encode_seen_items, request_at
from recsys.core.errors import DataError
from recsys.core.split import VALIDATION, Split
from recsys.core.translation import _
from recsys.models.base.settings import check_at_least, check_choice

CASES = 3_000
BEST = 40
RECIPROCAL = 60.0
MOST_LIKELY = 0.999
"""Probability of an unwanted item above which its cost does not grow."""
ROWS_BYTES = 8_000_000
"""Limit of the steps of a trace scored at a time, in bytes of their scores."""


@dataclass(frozen=True)
class FusionConfig:
    """`kind` is learnt or reciprocal; `shrinkage` regularizes learnt weights; `most` is the number of parts for reciprocal ranks."""

    kind: str = "learnt"
    shrinkage: float = 1.0
    most: int = 3

    def __post_init__(self) -> None:
        check_choice(("learnt", "reciprocal"), self, "kind")
        check_at_least(0, self, "shrinkage")
        check_at_least(2, self, "most")


@dataclass(frozen=True, eq=False)
class FusedTrace(Trace):
    """Traces of the parts over one history. The requests of parts without a trace are made when they are scored, since a long history
    has many.

    `states` (T + 1, D) are the concatenated states of the parts, each scaled to length 1; D is 0 where no part has states.
    """

    traces: Mapping[str, Trace] = field(default_factory=dict)
    history: History = field(default_factory=empty_history)
    final: Request | None = None

    def request(self, step: int) -> Request:
        """Return the request at a step."""
        return request_at(self.history, step) if self.final is None or step < len(self.history) else self.final


class Fusion:
    """Weighted combination of models; holds its parts completely, so that its checkpoint needs no other."""

    Config = FusionConfig

    def __init__(self, item_ids: np.ndarray, config: FusionConfig, parts: Mapping[str, Any], weights: np.ndarray):
        self.vocabulary = Vocabulary(item_ids)
        self.config = config
        self.models = dict(parts)
        self.weights = weights

    @classmethod
    def fit_parts(cls, dataset: Dataset, split: Split, config: FusionConfig, parts: Mapping[str, Any], seed: int = 0) -> "Fusion":
        """Learn the weight of each part on validation events drawn by the seed."""
        if len(parts) < 2:
            raise DataError(
                _(
                    "a fusion needs at least two models, and dataset '{dataset}' has {parts}; train others first, for example sasrec",
                    dataset=dataset.name,
                    parts=", ".join(parts) or "–",
                )
            )
        fusion = cls(dataset.item_ids, config, parts, np.ones((len(parts), 2), dtype=np.float32))
        features, is_candidate = fusion._collect_cases(dataset, split, seed)
        weights = fusion._learn_weights(features, is_candidate) if config.kind == "learnt" else fusion._choose_parts(features)
        chosen = {name: each for name, each in zip(parts, weights, strict=True) if each.any()}
        return cls(dataset.item_ids, config, {name: parts[name] for name in chosen}, np.array(list(chosen.values())))

    def refit(
        self, dataset: Dataset, split: Split, requests: Sequence[Request], targets: np.ndarray, signs: np.ndarray, seed: int
    ) -> "Fusion":
        """Return a new fusion whose weights are learnt on validation events and on answers; this one does not change.

        `targets` (n,) are codes of the items answered to, `signs` (n,) their weights, below 0 for items that were not wanted. Parts keep
        what they learnt.
        """
        if self.config.kind != "learnt":
            raise DataError(_("a reciprocal rank fusion has no weights to learn again; refit the model 'fusion' instead"))
        features, is_candidate = self._collect_cases(dataset, split, seed)
        answered, is_answered, known = self._build_cases(requests, targets, dataset.repeats)
        weights = self._learn_weights(
            np.concatenate([features, answered[known]]),
            np.concatenate([is_candidate, is_answered[known]]),
            np.concatenate([np.ones(len(features)), signs[known]]),
        )
        return type(self)(self.item_ids, self.config, self.models, weights)

    @property
    def item_ids(self) -> np.ndarray:
        return self.vocabulary.item_ids

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Return weighted sums (requests, n_items) float32 of the parts' scores and ranks."""
        without_candidates = [Request(each.history, each.time, each.utc_offset, each.place) for each in requests]
        scores = {name: part.score(without_candidates) for name, part in self.models.items()}
        return self.vocabulary.mask(self._combine(scores, len(requests)), requests)

    def trace(self, history: History, final: Request | None = None, attention: bool = False) -> FusedTrace:
        """Return every step, in one pass for each part that traces; attention is never included, since each part has its own."""
        del attention
        traces = {name: part.trace(history, final) for name, part in self.models.items() if isinstance(part, Traces)}
        states = [each.states / np.maximum(np.linalg.norm(each.states, axis=1, keepdims=True), 1e-12) for each in traces.values()]
        return FusedTrace(
            states=np.concatenate(states, axis=1) if states else np.empty((len(history) + 1, 0), dtype=np.float32),
            traces=traces,
            history=history,
            final=None if final is None else Request(history, final.time, final.utc_offset, final.place),
        )

    def score_trace(self, trace: Trace, steps: np.ndarray) -> np.ndarray:
        """Return scores (len(steps), n_items) float32 at steps of a trace."""
        assert isinstance(trace, FusedTrace)
        scores = np.empty((len(steps), len(self.vocabulary)), dtype=np.float32)
        size = max(1, ROWS_BYTES // (4 * len(self.vocabulary)))
        for start in range(0, len(steps), size):
            chunk = steps[start : start + size]
            requests = [trace.request(int(step)) for step in chunk]
            by_part = {
                name: part.score_trace(trace.traces[name], chunk) if name in trace.traces else part.score(requests)
                for name, part in self.models.items()
            }
            scores[start : start + size] = self._combine(by_part, len(chunk))
        return scores

    def fallback(self, request: Request) -> str | None:
        return self.fallbacks([request])[0]

    def fallbacks(self, requests: Sequence[Request]) -> list[str | None]:
        """Return the first part's reason where every part that can fall back does."""
        by_part = [part.fallbacks(requests) for part in self.models.values() if isinstance(part, FallsBack)]
        return [reasons[0] if all(reasons) else None for reasons in zip(*by_part, strict=True)] if by_part else [None] * len(requests)

    def to(self, device: Any) -> Self:
        """Move the parts to a device."""
        for part in self.models.values():
            if hasattr(part, "to"):
                part.to(device)
        return self

    def _combine(self, by_part: Mapping[str, np.ndarray], count: int) -> np.ndarray:
        """Return weighted sums (count, n_items) float32 of the parts' scores (count, n_items)."""
        total = np.zeros((count, len(self.vocabulary)), dtype=np.float32)
        if not count:
            return total
        for scores, (by_score, by_rank) in zip(by_part.values(), self.weights, strict=True):
            if self.config.kind == "reciprocal":
                total += 1 / (RECIPROCAL + _compute_ranks(scores))
                continue
            if by_score:
                total += by_score * _standardize(scores)
            if by_rank:
                total -= by_rank * np.log(_compute_ranks(scores))
        return total

    def _choose_parts(self, features: np.ndarray) -> np.ndarray:
        """Return weights (parts, 2): ones for the parts with the best mean reciprocal rank of the next item, zeros for the others."""
        reciprocal_ranks = np.exp(features[:, 0, 1::2]).mean(axis=0)
        best = np.argsort(-reciprocal_ranks, kind="stable")[: self.config.most]
        return np.isin(np.arange(len(self.models)), best)[:, None].repeat(2, axis=1).astype(np.float32)

    def _learn_weights(self, features: np.ndarray, is_candidate: np.ndarray, signs: np.ndarray | None = None) -> np.ndarray:
        """Return the weights (parts, 2) that maximize the likelihood of the next items among their candidates.

        With `signs` (cases,) a case counts by its sign, and one below 0 by the likelihood that its item is not chosen.
        """
        from scipy.optimize import minimize
        from scipy.special import logsumexp

        start = np.ones(features.shape[2]) / features.shape[2]
        signs = np.ones(len(features)) if signs is None else signs

        def cost(weights: np.ndarray) -> tuple[float, np.ndarray]:
            logits = np.where(is_candidate, features @ weights, -np.inf)
            total = logsumexp(logits, axis=1)
            probabilities = np.exp(logits - total[:, None])
            chosen = np.minimum(probabilities[:, 0], MOST_LIKELY)
            # the derivative of −log(1 − p) is that of −log p, times −p / (1 − p)
            factors = np.where(signs > 0, signs, signs * chosen / (1 - chosen))
            costs = np.where(signs > 0, signs * (total - logits[:, 0]), signs * np.log1p(-chosen))
            gradient = np.einsum("n,nc,ncf->f", factors, probabilities, features) - factors @ features[:, 0]
            penalty = self.config.shrinkage * weights
            return float(costs.sum() + penalty @ weights / 2), gradient + penalty

        result = minimize(cost, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(start), options={"maxiter": 200})
        return result.x.reshape(len(self.models), 2).astype(np.float32)

    def _collect_cases(self, dataset: Dataset, split: Split, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return features (cases, candidates, 2 · parts) float32 and a mask of the candidates; the next item is the first candidate.

        Cases whose next item is not among the best of any part are left out.
        """
        rows = np.flatnonzero((split.labels == VALIDATION) & dataset.is_target)
        rows = np.sort(np.random.default_rng(seed).permutation(rows)[:CASES])
        if not len(rows):
            raise DataError(
                _(
                    "dataset '{dataset}' has no validation events to learn a fusion on; use the protocol last-out with users of at least three events",
                    dataset=dataset.name,
                )
            )
        users = dataset.interactions["user_id"].cat.codes.to_numpy()[rows]
        histories = {user: dataset.history(str(dataset.user_ids[user])) for user in np.unique(users)}
        steps = rows - dataset.user_starts[users]
        requests = [request_at(histories[user], int(step)) for user, step in zip(users, steps, strict=True)]
        features, is_candidate, has_target = self._build_cases(requests, dataset.item_codes[rows], dataset.repeats)
        if not has_target.any():
            raise DataError(
                _(
                    "no model ranks any validation item of dataset '{dataset}' in its top {k}, so a fusion cannot be learnt; train other models first",
                    dataset=dataset.name,
                    k=BEST,
                )
            )
        return features[has_target], is_candidate[has_target]

    def _build_cases(self, requests: Sequence[Request], targets: np.ndarray, repeats: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return features and candidates of requests with the items of codes `targets` (n,), and a mask (n,) of those among the best of a part."""
        width = 1 + BEST * len(self.models)
        features = np.zeros((len(requests), width, 2 * len(self.models)), dtype=np.float32)
        is_candidate = np.zeros((len(requests), width), dtype=bool)
        for start in range(0, len(requests), 256):
            part = requests[start : start + 256]
            distinct = list({id(each): each for each in part}.values())  # answers to one list share its request
            rows = {id(each): row for row, each in enumerate(distinct)}
            by_part = [(_standardize(scores), _compute_ranks(scores)) for scores in (each.score(distinct) for each in self.models.values())]
            for at, request in enumerate(part):
                row = rows[id(request)]
                hidden = np.empty(0, dtype=np.int64) if repeats else encode_seen_items(self.vocabulary, request.history) - 1
                target = int(targets[start + at]) - 1
                best = np.unique(np.concatenate([_best_positions(ranks[row], hidden) for _scores, ranks in by_part]))
                if target not in best:
                    continue
                chosen = np.concatenate([[target], best[best != target]])
                columns = [column for scores, ranks in by_part for column in (scores[row, chosen], -np.log(ranks[row, chosen]))]
                features[start + at, : len(chosen)] = np.column_stack(columns)
                is_candidate[start + at, : len(chosen)] = True
        return features, is_candidate, np.asarray(is_candidate.any(axis=1))

    # -- checkpoints -----------------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the weights, and the configs and arrays of the parts."""
        from recsys.models import MODELS

        about = {name: {"model": name, "config": asdict(part.config)} for name, part in self.models.items() if name in MODELS}
        arrays = {"weights": self.weights, "about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8).copy()}
        for name, part in self.models.items():
            arrays |= {f"{name}/{key}": value for key, value in part.arrays().items()}
        return arrays

    @classmethod
    def restore(cls, item_ids: np.ndarray, config: FusionConfig, arrays: dict[str, np.ndarray]) -> "Fusion":
        """Return the fusion of these arrays: the inverse of `arrays`."""
        from recsys.models import build_config, find_model_spec

        parts = {}
        for name, about in json.loads(bytes(arrays["about"])).items():
            kind = find_model_spec(about["model"]).load()
            own = {key.removeprefix(f"{name}/"): value for key, value in arrays.items() if key.startswith(f"{name}/")}
            parts[name] = kind.restore(item_ids, build_config(kind.Config, about["config"]), own)
        return cls(item_ids, config, parts, arrays["weights"])


def _standardize(scores: np.ndarray) -> np.ndarray:
    """Standardize scores (n, n_items) in each row."""
    return (scores - scores.mean(axis=1, keepdims=True)) / np.maximum(scores.std(axis=1, keepdims=True), 1e-9)


def _best_positions(ranks: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Return positions (≤ BEST,) of the best ranks (n_items,) without the hidden ones."""
    visible = np.delete(np.arange(len(ranks)), hidden)
    return visible[np.argpartition(ranks[visible], min(BEST, len(visible)) - 1)[:BEST]] if len(visible) else visible


def _compute_ranks(scores: np.ndarray) -> np.ndarray:
    """Return ranks from 1 (n, n_items) float32, ties by position."""
    ranks = np.empty_like(scores)
    order = np.argsort(-scores, axis=1, kind="stable")
    np.put_along_axis(ranks, order, np.arange(1, scores.shape[1] + 1, dtype=np.float32)[None, :], axis=1)
    return ranks
