"""One ranking out of several models: learnt weights, or reciprocal ranks as the plain alternative.

Learnt: the score of an item is a weighted sum of what each part says of it, as a standard score and as −log rank, with weights
from a conditional logit over the validation events, the candidates of each being the parts' best. Events whose item no part has
there teach nothing: no mixture could bring them up. (With them as cases, learnt on one half of the validation events and seen on
the other, NDCG@10 on Amazon Beauty, ml-100k and deskdrop is .061, .140, .368; without .066, .151, .374.)
Validation figures of a fusion flatter it a little, unlike those of its parts; the test split is untouched. Parts that get no
weight are let go.

Reciprocal: the sum of 1 / (60 + rank) (Cormack et al. 2009) over the few parts that are best on those events, nothing learnt; a
voice for each of nine parts comes to .444 on demo-city, one for the best three to .543.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np

from recsys.core import Dataset, FallsBack, History, Request, Trace, Traces, Vocabulary, request_at, seen_codes
from recsys.core.errors import DataError
from recsys.core.split import VALIDATION, Split

CASES = 3_000
BEST = 40
RECIPROCAL = 60.0
ROWS_BYTES = 8_000_000
EVENTS = 1_000_000
"""Steps of a trace are scored a few at a time: as many as fill these bytes with scores, or hold these events in their histories."""


@dataclass(frozen=True)
class FusionConfig:
    """`kind` is learnt or reciprocal; `shrinkage` pulls learnt weights to zero; `most` parts have a voice when nothing is learnt."""

    kind: str = "learnt"
    shrinkage: float = 1.0
    most: int = 3

    def __post_init__(self) -> None:
        if self.kind not in ("learnt", "reciprocal"):
            raise DataError(f"setting kind={self.kind} is neither learnt nor reciprocal")
        if not self.shrinkage >= 0:
            raise DataError(f"setting shrinkage={self.shrinkage} must not be below 0, for example {FusionConfig.shrinkage}")
        if self.most < 2:
            raise DataError(f"setting most={self.most} must be at least 2, for example {FusionConfig.most}")


@dataclass(frozen=True, eq=False)
class FusedTrace(Trace):
    """What the parts computed on their way through one history, and the requests at its steps for parts that have no trace.

    `states` (T + 1, D) are those of the parts side by side, each of length one; D is 0 where no part has any.
    """

    traces: Mapping[str, Trace] = field(default_factory=dict)
    requests: tuple[Request, ...] = ()


class Fusion:
    """It holds its parts whole, so that its checkpoint stands alone."""

    Config = FusionConfig

    def __init__(self, item_ids: np.ndarray, config: FusionConfig, parts: Mapping[str, Any], weights: np.ndarray):
        self.vocabulary = Vocabulary(item_ids)
        self.config = config
        self.models = dict(parts)
        self.weights = weights

    @classmethod
    def fit_parts(cls, dataset: Dataset, split: Split, config: FusionConfig, parts: Mapping[str, Any], seed: int = 0) -> "Fusion":
        """Learn what each part counts, on validation events drawn by the seed."""
        if len(parts) < 2:
            raise DataError(f"a fusion needs two models or more, and '{dataset.name}' has {', '.join(parts) or 'none'} to offer")
        made = cls(dataset.item_ids, config, parts, np.ones((len(parts), 2), dtype=np.float32))
        features, shown = made._cases(dataset, split, seed)
        weights = made._learnt(features, shown) if config.kind == "learnt" else made._chosen(features)
        counts = {name: each for name, each in zip(parts, weights, strict=True) if each.any()}
        return cls(dataset.item_ids, config, {name: parts[name] for name in counts}, np.array(list(counts.values())))

    @property
    def item_ids(self) -> np.ndarray:
        return self.vocabulary.item_ids

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Weighted sums (requests, n_items) float32 of what the parts say."""
        asked = [Request(each.history, each.time, each.utc_offset, each.place) for each in requests]
        return self.vocabulary.mask(self._fused({name: part.score(asked) for name, part in self.models.items()}, len(asked)), requests)

    def trace(self, history: History, final: Request | None = None, attention: bool = False) -> FusedTrace:
        """Every step in one pass of each part that can; nobody's attention is shown, since there is one for each part."""
        del attention
        traces = {name: part.trace(history, final) for name, part in self.models.items() if isinstance(part, Traces)}
        states = [each.states / np.maximum(np.linalg.norm(each.states, axis=1, keepdims=True), 1e-12) for each in traces.values()]
        last = final or Request(history)
        requests = (*(request_at(history, step) for step in range(len(history))), Request(history, last.time, last.utc_offset, last.place))
        return FusedTrace(
            states=np.concatenate(states, axis=1) if states else np.empty((len(requests), 0), dtype=np.float32),
            traces=traces,
            requests=requests,
        )

    def score_trace(self, trace: Trace, steps: np.ndarray) -> np.ndarray:
        """(len(steps), n_items) float32 scores at steps of a trace."""
        assert isinstance(trace, FusedTrace)
        scores = np.empty((len(steps), len(self.vocabulary)), dtype=np.float32)
        size = max(1, min(ROWS_BYTES // (4 * len(self.vocabulary)), EVENTS // len(trace.requests)))
        for start in range(0, len(steps), size):
            some = steps[start : start + size]
            asked = [trace.requests[step] for step in some]
            said = {
                name: part.score_trace(trace.traces[name], some) if name in trace.traces else part.score(asked)
                for name, part in self.models.items()
            }
            scores[start : start + size] = self._fused(said, len(some))
        return scores

    def fallback(self, request: Request) -> str | None:
        """When every part that can say so falls back."""
        first = None
        for part in self.models.values():
            if isinstance(part, FallsBack):
                reason = part.fallback(request)
                if reason is None:
                    return None
                first = first or reason
        return first

    def to(self, device: Any) -> Self:
        """Its networks on a device."""
        for part in self.models.values():
            if hasattr(part, "to"):
                part.to(device)
        return self

    def _fused(self, said: Mapping[str, np.ndarray], count: int) -> np.ndarray:
        """Weighted sums (count, n_items) float32 of the parts' scores (count, n_items)."""
        total = np.zeros((count, len(self.vocabulary)), dtype=np.float32)
        if not count:
            return total
        for scores, (by_score, by_rank) in zip(said.values(), self.weights, strict=True):
            if self.config.kind == "reciprocal":
                total += 1 / (RECIPROCAL + _ranks(scores))
                continue
            if by_score:
                total += by_score * _standard(scores)
            if by_rank:
                total -= by_rank * np.log(_ranks(scores))
        return total

    def _chosen(self, features: np.ndarray) -> np.ndarray:
        """Weights (parts, 2): ones for the best by mean reciprocal rank of what came, zeros for the others."""
        worth = np.exp(features[:, 0, 1::2]).mean(axis=0)
        best = np.argsort(-worth, kind="stable")[: self.config.most]
        return np.isin(np.arange(len(self.models)), best)[:, None].repeat(2, axis=1).astype(np.float32)

    def _learnt(self, features: np.ndarray, shown: np.ndarray) -> np.ndarray:
        """Weights (parts, 2) under which what came is likeliest among the candidates shown."""
        from scipy.optimize import minimize
        from scipy.special import logsumexp

        start = np.ones(features.shape[2]) / features.shape[2]

        def cost(weights: np.ndarray) -> tuple[float, np.ndarray]:
            logits = np.where(shown, features @ weights, -np.inf)
            whole = logsumexp(logits, axis=1)
            chances = np.exp(logits - whole[:, None])
            slope = np.einsum("nc,ncf->f", chances, features) - features[:, 0].sum(0)
            pull = self.config.shrinkage * weights
            return float((whole - logits[:, 0]).sum() + pull @ weights / 2), slope + pull

        found = minimize(cost, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(start), options={"maxiter": 200})
        return found.x.reshape(len(self.models), 2).astype(np.float32)

    def _cases(self, dataset: Dataset, split: Split, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Features (cases, candidates, 2 · parts) float32 and which candidates are there; the item that came is the first.

        Without the cases whose item no part has among its best."""
        rows = np.flatnonzero(split.labels == VALIDATION)
        rows = np.sort(np.random.default_rng(seed).permutation(rows)[:CASES])
        if not len(rows):
            raise DataError(f"'{dataset.name}' has no validation events to learn a fusion on")
        users = dataset.interactions["user_id"].cat.codes.to_numpy()[rows]
        width = 1 + BEST * len(self.models)
        features = np.zeros((len(rows), width, 2 * len(self.models)), dtype=np.float32)
        shown = np.zeros((len(rows), width), dtype=bool)
        for start in range(0, len(rows), 256):
            part = slice(start, start + 256)
            histories = [dataset.history(str(dataset.user_ids[user])) for user in users[part]]
            steps = rows[part] - dataset.user_starts[users[part]]
            requests = [request_at(history, int(step)) for history, step in zip(histories, steps, strict=True)]
            said = [(_standard(scores), _ranks(scores)) for scores in (each.score(requests) for each in self.models.values())]
            for at, (row, request) in enumerate(zip(rows[part], requests, strict=True)):
                hidden = np.empty(0, dtype=np.int64) if dataset.repeats else seen_codes(self.vocabulary, request.history) - 1
                target = int(dataset.item_codes[row]) - 1
                best = np.unique(np.concatenate([_best(ranks[at], hidden) for _, ranks in said]))
                if target not in best:
                    continue
                chosen = np.concatenate([[target], best[best != target]])
                columns = [column for scores, ranks in said for column in (scores[at, chosen], -np.log(ranks[at, chosen]))]
                features[start + at, : len(chosen)] = np.column_stack(columns)
                shown[start + at, : len(chosen)] = True
        found = shown.any(axis=1)
        if not found.any():
            raise DataError(f"no model has any validation item of '{dataset.name}' among its {BEST} best, so none can be weighed")
        return features[found], shown[found]

    # -- checkpoints -----------------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, np.ndarray]:
        """The weights, and everything that the parts learnt."""
        from recsys.models import MODELS

        about = {name: {"model": name, "config": asdict(part.config)} for name, part in self.models.items() if name in MODELS}
        found = {"weights": self.weights, "about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8).copy()}
        for name, part in self.models.items():
            found |= {f"{name}/{key}": value for key, value in part.arrays().items()}
        return found

    @classmethod
    def restore(cls, item_ids: np.ndarray, config: FusionConfig, arrays: dict[str, np.ndarray]) -> "Fusion":
        from recsys.models import configured, model_spec

        parts = {}
        for name, about in json.loads(bytes(arrays["about"])).items():
            kind = model_spec(about["model"]).load()
            own = {key.removeprefix(f"{name}/"): value for key, value in arrays.items() if key.startswith(f"{name}/")}
            parts[name] = kind.restore(item_ids, configured(kind.Config, about["config"]), own)
        return cls(item_ids, config, parts, arrays["weights"])


def _standard(scores: np.ndarray) -> np.ndarray:
    """Scores (n, n_items), standardised in each row."""
    return (scores - scores.mean(axis=1, keepdims=True)) / np.maximum(scores.std(axis=1, keepdims=True), 1e-9)


def _best(ranks: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Positions (≤ BEST,) of the best of ranks (n_items,) that may be shown."""
    open_to = np.delete(np.arange(len(ranks)), hidden)
    return open_to[np.argpartition(ranks[open_to], min(BEST, len(open_to)) - 1)[:BEST]] if len(open_to) else open_to


def _ranks(scores: np.ndarray) -> np.ndarray:
    """Ranks from 1, (n, n_items) float32, ties by position."""
    ranks = np.empty_like(scores)
    order = np.argsort(-scores, axis=1, kind="stable")
    np.put_along_axis(ranks, order, np.arange(1, scores.shape[1] + 1, dtype=np.float32)[None, :], axis=1)
    return ranks
