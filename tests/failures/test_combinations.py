"""Combinations are counted as pandas and SliceLine count them."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.failures.combinations import drop_rare_values, enumerate_cells, mark_cases
from tests.failures.made_cases import make_attribute, make_attributes


@given(cases=st.integers(1, 60), seed=st.integers(0, 10_000), least=st.integers(1, 4))
def test_cells_are_groups_of_a_table(cases: int, seed: int, least: int) -> None:
    attributes, values = make_attributes(cases, seed, least=-1), np.random.default_rng(seed).normal(size=cases)
    expected = {}
    table = pd.DataFrame({each.name: [each.values[code] if code >= 0 else None for code in each.codes] for each in attributes}).assign(
        value=values
    )
    for names in (each for size in (2, 3) for each in combinations([each.name for each in attributes], size)):
        for key, group in table.dropna(subset=list(names)).groupby(list(names))["value"]:
            if len(group) >= least:
                expected[tuple(zip(names, key, strict=True))] = (len(group), pytest.approx(group.sum()))
    found = {
        cells.describe(i): (cells.cases[i], cells.sums[i])
        for _share, cells in enumerate_cells(attributes, values, least)
        for i in range(len(cells.cases))
    }
    assert found == expected


def test_the_worst_are_those_of_sliceline() -> None:
    """With all weight on the mean error, the score of SliceLine (Sagadeeva and Boehm, 2021) is the mean error of a slice over that of all."""
    from sliceline import Slicefinder

    cases, least = 400, 6
    attributes, errors = make_attributes(cases, seed=5), np.random.default_rng(6).random(cases)
    finder = Slicefinder(alpha=1.0, k=12, max_l=3, min_sup=least, verbose=False)
    finder.fit(np.column_stack([each.codes for each in attributes]), errors)
    expected = {
        tuple((each.name, each.values[int(code)]) for each, code in zip(attributes, row, strict=True) if code is not None): found[
            "slice_size"
        ]
        for row, found in zip(finder.top_slices_, finder.top_slices_statistics_, strict=True)
    }
    cells = [
        (each.sums[i] / each.cases[i], each.describe(i), each.cases[i])
        for _share, each in enumerate_cells(attributes, errors, least)
        for i in range(len(each.cases))
    ]
    worst = {conditions: size for _mean, conditions, size in sorted(cells, reverse=True)[: len(expected)]}
    assert all(len(conditions) > 1 for conditions in expected)
    assert worst == expected


def test_the_share_that_is_done_ends_at_one() -> None:
    shares = [share for share, _cells in enumerate_cells(make_attributes(50, 0), np.zeros(50), 1)]
    assert len(shares) == 6 + 4
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_rare_values_are_unknown_and_attributes_of_one_value_dropped() -> None:
    codes = np.repeat([0, 1, 2, -1], [5, 5, 1, 2])
    kept = drop_rare_values((make_attribute("a", codes, 3), make_attribute("b", np.zeros(13, dtype=int), 1)), np.ones(13, dtype=bool), 2)
    assert [each.name for each in kept] == ["a"]
    assert kept[0].codes.tolist() == [0] * 5 + [1] * 5 + [-1] * 3


def test_only_chosen_cases_count() -> None:
    attribute = make_attribute("a", np.array([0, 0, 1, 1, 2, 2]), 3)
    (kept,) = drop_rare_values((attribute,), np.array([True, True, True, True, True, False]), 2)
    assert kept.codes.tolist() == [0, 0, 1, 1, -1, -1]


def test_attributes_that_divide_the_cases_alike_are_one() -> None:
    codes = np.array([0, 0, 1, 1, 2, 2])
    twin, finer = make_attribute("twin", 2 - codes, 3), make_attribute("other", np.array([0, 1, 0, 1, 0, 1]), 2)
    assert [each.name for each in drop_rare_values((make_attribute("a", codes, 3), twin, finer), np.ones(6, dtype=bool), 1)] == [
        "a",
        "other",
    ]


def test_cases_of_a_combination() -> None:
    attributes = (make_attribute("a", np.array([0, 0, 1, -1]), 2), make_attribute("b", np.array([1, 0, 1, 1]), 2))
    assert mark_cases(attributes, (("a", "a0"), ("b", "b1"))).tolist() == [True, False, False, False]
