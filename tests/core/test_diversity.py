import numpy as np

from recsys.core.diversity import limit_per_category


def test_the_best_of_each_kind_in_order() -> None:
    scores = np.array([5.0, 4.0, 4.0, 3.0, -np.inf, 1.0])
    kinds = ["x", "x", "y", "x", "y", None]
    assert limit_per_category(scores, kinds, 10).tolist() == [0, 1, 2, 3, 5]
    assert limit_per_category(scores, kinds, 10, most=1).tolist() == [0, 2, 5]
    assert limit_per_category(scores, kinds, 2, most=1).tolist() == [0, 2]
    assert limit_per_category(np.full(3, -np.inf), ["x"] * 3, 2).tolist() == []
