"""Surrogate of a model by boosted trees on named features, and its exact Shapley values: what the model looks at in general.

The trees predict the model's scores, in standard deviations of all scores of a case so that cases are comparable. Shapley values and
interactions of the trees are exact (TreeExplainer, arXiv:1905.04610, of the library shap); they describe the model only as well as the
trees do, which is measured on users that they were not fitted to.
"""

from dataclasses import dataclass

import numpy as np

from recsys.core import Dataset, Recommender
from recsys.core.split import Split
from recsys.explain.fidelity.fidelity_benchmark import ReportProgress
from recsys.explain.global_.item_features import Examples, sample_examples

LEAVES = 15
MOST_INTERACTIONS = 600  # examples whose interactions are computed


@dataclass(frozen=True, eq=False)
class BoostedSurrogate:
    """Shapley values (N, F) of the trees for the examples of held-out users, whose features are `data` (N, F).

    base + the values of an example = the trees' prediction of its standardized score. `interactions` (F, F) are mean absolute
    interaction values, the main effects on the diagonal. `r2` is the share of the variance of the scores that the trees predict for
    held-out users, and `rank_correlation` Spearman's over the examples of a case, their mean; NaN where it is not defined.
    """

    features: tuple[str, ...]
    values: np.ndarray
    data: np.ndarray
    base: float
    interactions: np.ndarray
    r2: float
    rank_correlation: float
    users: int
    held_out: int

    @property
    def importance(self) -> np.ndarray:
        """Mean absolute Shapley value (F,) of every feature."""
        return np.asarray(np.abs(self.values).mean(axis=0))

    def strongest_partner(self, feature: int) -> int | None:
        """Return the position of the feature that interacts most with another one; None where none does."""
        others = self.interactions[feature].copy()
        others[feature] = 0
        return int(others.argmax()) if others.max(initial=0) > 0 else None


def fit_boosted_surrogate(
    model: Recommender,
    dataset: Dataset,
    split: Split,
    count: int = 120,
    which: str = "validation",
    seed: int = 0,
    report: ReportProgress | None = None,
) -> BoostedSurrogate:
    """Fit the trees to two thirds of the users; values and fidelity are those of the others."""
    # Both take seconds to import.
    import shap
    from sklearn.ensemble import HistGradientBoostingRegressor

    names, seen, unseen = sample_examples(model, dataset, split, count, which, seed, report)
    trees = HistGradientBoostingRegressor(max_leaf_nodes=LEAVES, random_state=seed)
    trees.fit(np.concatenate([each.features for each in seen]), np.concatenate([_standardize(each) for each in seen]))
    data, scores = np.concatenate([each.features for each in unseen]), np.concatenate([_standardize(each) for each in unseen])
    explainer = shap.TreeExplainer(trees)
    chosen = np.random.default_rng(seed).permutation(len(data))[:MOST_INTERACTIONS]
    interactions = np.abs(explainer.shap_interaction_values(data[chosen])).mean(axis=0)
    predicted = trees.predict(data)
    spread = float(((scores - scores.mean()) ** 2).sum())
    return BoostedSurrogate(
        tuple(names),
        np.asarray(explainer.shap_values(data)),
        data,
        float(np.ravel(explainer.expected_value)[0]),
        interactions,
        1 - float(((scores - predicted) ** 2).sum()) / spread if spread else np.nan,
        _mean_rank_correlation(np.split(predicted, np.cumsum([len(each.scores) for each in unseen])[:-1]), unseen),
        len(seen),
        len(unseen),
    )


def _standardize(examples: Examples) -> np.ndarray:
    """Return scores (n,) of a case with mean 0 and standard deviation 1; zeros where all are equal."""
    centred = examples.scores - examples.scores.mean()
    return np.asarray(centred / (centred.std() or 1.0))


def _mean_rank_correlation(predicted: list[np.ndarray], unseen: list[Examples]) -> float:
    """Return the mean over cases of Spearman's correlation, without cases in which all scores are equal."""
    from scipy.stats import spearmanr

    pairs = [(found, each.scores) for found, each in zip(predicted, unseen, strict=True) if np.ptp(each.scores) and np.ptp(found)]
    return float(np.mean([spearmanr(found, scores).statistic for found, scores in pairs])) if pairs else np.nan
