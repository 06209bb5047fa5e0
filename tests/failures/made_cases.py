"""Evaluations and attributes made for tests: ranks drawn at random, with a weakness where a test wants one."""

from dataclasses import replace

import numpy as np

from recsys.evaluation import Evaluation
from recsys.failures.attributes import Attribute
from tests.failures.conftest import judge

SIZES = (4, 3, 5, 2)


def make_evaluation(ranks: np.ndarray, user_codes: np.ndarray, items: int = 500, rows: np.ndarray | None = None) -> Evaluation:
    made = judge(user_codes, ranks)
    return replace(made, items=items, rows=made.rows if rows is None else rows)


def make_attribute(name: str, codes: np.ndarray, size: int) -> Attribute:
    return Attribute(name, np.asarray(codes), tuple(f"{name}{i}" for i in range(size)))


def make_attributes(cases: int, seed: int, sizes: tuple[int, ...] = SIZES, least: int = 0) -> tuple[Attribute, ...]:
    """Attributes a, b, c, … with values a0, a1, …; with `least` −1 some are unknown."""
    random = np.random.default_rng(seed)
    return tuple(make_attribute(chr(97 + i), random.integers(least, size, size=cases), size) for i, size in enumerate(sizes))


def draw_ranks(cases: int, seed: int, weak: np.ndarray | None = None) -> np.ndarray:
    """Ranks of a model that hits about half of the time, and hardly ever where it is `weak` (cases,)."""
    random = np.random.default_rng(seed)
    ranks = np.ceil(random.geometric(0.07, size=cases)).astype(np.float64)
    return ranks if weak is None else np.where(weak, random.integers(100, 500, size=cases), ranks)
