"""One ranking out of several models: learnt weights, or reciprocal ranks as the plain alternative.

Learnt: the score of an item is a weighted sum of what each part says of it, as a standard score and as −log rank, with weights from
a conditional logit over the validation events, the candidates of each being the parts' best and the item that came. So
validation figures of a fusion flatter it a little, unlike those of its parts; the test split is untouched. Reciprocal: the sum of
1 / (60 + rank) (Cormack et al. 2009), nothing learnt.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from recsys.core import Dataset, FallsBack, Request, Vocabulary, request_at
from recsys.errors import DataError
from recsys.split import VALIDATION, Split

CASES = 3_000
BEST = 40
RECIPROCAL = 60.0


@dataclass(frozen=True)
class FusionConfig:
    """`kind` is learnt or reciprocal; `shrinkage` pulls learnt weights to zero."""

    kind: str = "learnt"
    shrinkage: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in ("learnt", "reciprocal"):
            raise DataError(f"setting kind={self.kind} is neither learnt nor reciprocal")
        if not self.shrinkage >= 0:
            raise DataError(f"setting shrinkage={self.shrinkage} must not be below 0, for example {FusionConfig.shrinkage}")


class Fusion:
    """It holds its parts whole, so that its checkpoint stands alone."""

    Config = FusionConfig

    def __init__(self, item_ids: np.ndarray, config: FusionConfig, parts: Mapping[str, Any], weights: np.ndarray):
        self.vocabulary = Vocabulary(item_ids)
        self.config = config
        self.parts = dict(parts)
        self.weights = weights

    @classmethod
    def fit_parts(cls, dataset: Dataset, split: Split, config: FusionConfig, parts: Mapping[str, Any], seed: int = 0) -> "Fusion":
        """Learn what each part counts, on validation events drawn by the seed."""
        if len(parts) < 2:
            raise DataError(f"a fusion needs two models or more, and '{dataset.name}' has {', '.join(parts) or 'none'} to offer")
        made = cls(dataset.item_ids, config, parts, np.ones((len(parts), 2), dtype=np.float32))
        if config.kind == "learnt":
            made.weights = made._learnt(dataset, split, seed)
        return made

    @property
    def item_ids(self) -> np.ndarray:
        return self.vocabulary.item_ids

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Weighted sums (requests, n_items) float32 of what the parts say."""
        total = np.zeros((len(requests), len(self.vocabulary)), dtype=np.float32)
        if len(requests):
            for part, weights in zip(self.parts.values(), self.weights, strict=True):
                scores, ranks = self._said(part, requests)
                if self.config.kind == "reciprocal":
                    total += 1 / (RECIPROCAL + ranks)
                else:
                    total += weights[0] * scores - weights[1] * np.log(ranks)
        return self.vocabulary.mask(total, requests)

    def fallback(self, request: Request) -> str | None:
        """When every part that can say so falls back."""
        reasons = [part.fallback(request) for part in self.parts.values() if isinstance(part, FallsBack)]
        return next(iter(reasons)) if reasons and all(reasons) else None

    def to(self, device: Any) -> Self:
        """Its networks on a device."""
        for part in self.parts.values():
            if hasattr(part, "to"):
                part.to(device)
        return self

    def _said(self, part: Any, requests: Sequence[Request]) -> tuple[np.ndarray, np.ndarray]:
        """A part's scores, standardised in each row, and ranks from 1, ties by position; both (requests, n_items) float32."""
        scores = np.asarray(part.score([Request(each.history, each.time, each.utc_offset, each.place) for each in requests]))
        ranks = np.empty_like(scores)
        order = np.argsort(-scores, axis=1, kind="stable")
        np.put_along_axis(ranks, order, np.arange(1, scores.shape[1] + 1, dtype=np.float32)[None, :], axis=1)
        spread = scores.std(axis=1, keepdims=True)
        return (scores - scores.mean(axis=1, keepdims=True)) / np.maximum(spread, 1e-9), ranks

    def _learnt(self, dataset: Dataset, split: Split, seed: int) -> np.ndarray:
        from scipy.optimize import minimize
        from scipy.special import logsumexp

        features, shown = self._cases(dataset, split, seed)
        start = np.ones(features.shape[2]) / features.shape[2]

        def cost(weights: np.ndarray) -> tuple[float, np.ndarray]:
            logits = np.where(shown, features @ weights, -np.inf)
            whole = logsumexp(logits, axis=1)
            chances = np.exp(logits - whole[:, None])
            slope = np.einsum("nc,ncf->f", chances, features) - features[:, 0].sum(0)
            pull = self.config.shrinkage * weights
            return float((whole - logits[:, 0]).sum() + pull @ weights / 2), slope + pull

        found = minimize(cost, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(start), options={"maxiter": 200})
        return found.x.reshape(len(self.parts), 2).astype(np.float32)

    def _cases(self, dataset: Dataset, split: Split, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Features (cases, candidates, 2 · parts) float32 and which candidates are there; the item that came is the first."""
        rows = np.flatnonzero(split.labels == VALIDATION)
        rows = np.sort(np.random.default_rng(seed).permutation(rows)[:CASES])
        if not len(rows):
            raise DataError(f"'{dataset.name}' has no validation events to learn a fusion on")
        users = dataset.interactions["user_id"].cat.codes.to_numpy()[rows]
        width = 1 + BEST * len(self.parts)
        features = np.zeros((len(rows), width, 2 * len(self.parts)), dtype=np.float32)
        shown = np.zeros((len(rows), width), dtype=bool)
        for start in range(0, len(rows), 256):
            part = slice(start, start + 256)
            histories = [dataset.history(str(dataset.user_ids[user])) for user in users[part]]
            steps = rows[part] - dataset.user_starts[users[part]]
            requests = [request_at(history, int(step)) for history, step in zip(histories, steps, strict=True)]
            said = [self._said(each, requests) for each in self.parts.values()]
            for at, (row, request) in enumerate(zip(rows[part], requests, strict=True)):
                hidden = set() if dataset.repeats else set((self.vocabulary.encode(request.history.items) - 1).tolist())
                target = int(dataset.item_codes[row]) - 1
                best = np.unique(np.concatenate([np.argpartition(ranks[at], min(BEST, len(ranks[at]) - 1))[:BEST] for _, ranks in said]))
                chosen = np.array([target, *(each for each in best if each != target and each not in hidden)])[:width]
                columns = [column for scores, ranks in said for column in (scores[at, chosen], -np.log(ranks[at, chosen]))]
                features[start + at, : len(chosen)] = np.column_stack(columns)
                shown[start + at, : len(chosen)] = True
        return features, shown

    # -- checkpoints -----------------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, np.ndarray]:
        """The weights, and everything that the parts learnt."""
        from recsys.models import MODELS

        about = {name: {"model": name, "config": asdict(part.config)} for name, part in self.parts.items() if name in MODELS}
        found = {"weights": self.weights, "about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8).copy()}
        for name, part in self.parts.items():
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
