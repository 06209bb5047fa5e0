"""Evidence for changes against independent computations: scipy's G-test, distributions and distances, and direct loops."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.special import gammaln
from scipy.stats import chi2_contingency, dirichlet_multinomial

from recsys.drift.adaptation import measure_adaptation
from recsys.drift.detection.change_date import date_scores
from recsys.drift.detection.change_kinds import jensen_shannon
from recsys.drift.detection.config import DETECTION
from recsys.drift.detection.likelihood_ratio import partition_ratio, scan_splits, season_evidence, split_ratios, window_evidence

RNG = np.random.default_rng(3)
TABLE = RNG.poisson(2.0, size=(9, 4)).astype(np.int32)


def g_test(one: np.ndarray, other: np.ndarray) -> float:
    both = np.array([one, other])
    return float(chi2_contingency(both[:, both.sum(axis=0) > 0], correction=False, lambda_="log-likelihood").statistic)


def test_the_ratio_of_a_split_is_the_g_test() -> None:
    order = RNG.permutation(len(TABLE))
    found = split_ratios(TABLE, np.array([np.arange(len(TABLE)), order]))
    for row, table in zip(found, (TABLE, TABLE[order]), strict=True):
        wanted = [g_test(table[:at].sum(axis=0), table[at:].sum(axis=0)) for at in range(1, len(table))]
        assert row == pytest.approx(wanted, abs=1e-3)


def test_the_ratio_of_a_part_is_the_g_test() -> None:
    inside = np.arange(len(TABLE)) % 3 == 0
    wanted = g_test(TABLE[inside].sum(axis=0), TABLE[~inside].sum(axis=0))
    assert partition_ratio({"one": TABLE, "two": TABLE}, inside) == pytest.approx(2 * wanted, abs=1e-3)


@pytest.mark.parametrize("one,other", [((1, 0), (0, 1)), ((0.2, 0.3, 0.5), (0.5, 0.3, 0.2)), ((1, 0, 0), (1, 0, 0))])
def test_the_size_of_a_change_is_the_squared_jensen_shannon_distance(one: tuple[float, ...], other: tuple[float, ...]) -> None:
    assert jensen_shannon(np.array(one), np.array(other)) == pytest.approx(jensenshannon(one, other, base=2) ** 2, abs=1e-9)


def test_p_values_are_calibrated_without_a_change() -> None:
    """Weeks of one and the same mixture: a p-value of at most .1 must come about one time in ten."""
    random, values = np.random.default_rng(0), []
    for _ in range(150):
        sizes = random.poisson(3, size=40) + 1
        counts = {name: random.multinomial(sizes, random.dirichlet(np.full(levels, 0.5))) for name, levels in (("a", 12), ("b", 5))}
        found = scan_splits(counts, sizes, np.ones(39, dtype=bool), random)
        assert found is not None
        values.append(found.p_value)
    assert 0.03 <= np.mean(np.array(values) <= 0.1) <= 0.19  # four standard deviations around .1


def test_a_different_week_is_detected_in_days() -> None:
    random = np.random.default_rng(1)
    table = random.multinomial(np.full(60, 2), [0.5, 0.5, 0.0])
    table[20:27] = [0, 0, 2]
    p_value, z = window_evidence({"place": table}, 20, 27, random)
    assert p_value == pytest.approx(0.01) and z["place"] > 5
    assert window_evidence({"place": table}, 40, 47, random)[0] > 0.05


def test_the_season_that_differs_is_named() -> None:
    random = np.random.default_rng(2)
    months = np.arange(78) * 12 // 52 % 12
    table = random.multinomial(np.full(78, 3), [0.7, 0.3])
    table[np.isin(months, (5, 6, 7))] = [0, 3]
    seasons = np.array([(months - first) % 12 < 3 for first in range(12)])
    p_value, best, _ = season_evidence({"kind": table}, seasons, random)
    assert best == 5 and p_value == pytest.approx(0.01)


def test_adaptation_is_counted_in_steps() -> None:
    ranks = np.array([1.0] * 40 + [50.0] * 15 + [1.0] * 40 + [np.nan])
    splits = np.array(["train"] * 57 + ["test"] * 38)
    found = measure_adaptation(ranks, splits, 40)
    assert (found.before, found.across, found.after) == (1.0, 0.0, 1.0)
    assert (found.rank_before, found.rank_across, found.rank_after) == (1.0, 50.0, 1.0)
    assert found.adapted == 14  # one of the ten may miss: nine tenths of all
    assert found.learnt == pytest.approx(57 / 95)
    assert measure_adaptation(np.array([np.nan]), splits[:0], 0).before is None


def test_date_scores_are_dirichlet_multinomial() -> None:
    """Each side is a Dirichlet-multinomial whose prior is the shares of both; unknown events have no effect."""
    codes = np.array([0, 0, 1, 0, -1, 2, 1, 2, 2, 0])
    whole = np.bincount(codes[codes >= 0]) + 0.5
    alpha = DETECTION.date_smoothing * whole / whole.sum()

    def side(part: np.ndarray) -> float:
        counts = np.bincount(part[part >= 0], minlength=3)
        orders = gammaln(counts.sum() + 1) - gammaln(counts + 1).sum()  # of which the events came in one
        return float(dirichlet_multinomial.logpmf(counts, alpha, counts.sum()) - orders) if counts.sum() else 0.0

    wanted = [side(codes[:at]) + side(codes[at:]) for at in range(len(codes) + 1)]
    assert date_scores([(codes, 0.5)], len(codes)) == pytest.approx(0.5 * np.array(wanted))
