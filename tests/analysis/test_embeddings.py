"""Nearest neighbours and the projection of item embeddings."""

from collections.abc import Callable
from typing import Any

import numpy as np

from recsys.analysis.embeddings import find_neighbours, get_item_vectors, project_to_plane
from recsys.core import Dataset


def test_the_plane_is_that_of_the_largest_variance() -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(200, 6)) * np.array([9, 5, 1, 1, 1, 1.0])
    vectors[7] = 0
    found = project_to_plane(vectors.astype(np.float32))
    assert np.isnan(found.points[7]).all() and np.isfinite(np.delete(found.points, 7, axis=0)).all()
    known = np.delete(vectors, 7, axis=0)
    _, sizes, directions = np.linalg.svd(known - known.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(found.shares, sizes[:2] ** 2 / (sizes**2).sum(), rtol=1e-5)
    expected = np.abs((known - known.mean(axis=0)) @ directions[:2].T)
    np.testing.assert_allclose(np.abs(np.delete(found.points, 7, axis=0)), expected, rtol=1e-3, atol=1e-3)


def test_too_few_vectors_are_not_projected() -> None:
    assert np.isnan(project_to_plane(np.eye(2, dtype=np.float32)).points).all()


def test_neighbours_are_by_angle_without_the_item_itself_and_zeros() -> None:
    vectors = np.array([[1, 0], [5, 0.1], [0, 1], [0, 0], [-1, 0]], dtype=np.float32)
    positions, cosines = find_neighbours(vectors, vectors[0], 10, without=0)
    assert positions.tolist() == [1, 2, 4]
    assert cosines[0] > 0.99 and cosines[-1] == -1


def test_only_models_with_item_embeddings_have_vectors(tiny: Dataset, trained: Callable[..., Any]) -> None:
    assert get_item_vectors(trained("markov", tiny)) is None
    vectors = get_item_vectors(trained("sasrec", tiny))
    assert vectors is not None and vectors.shape == (15, 8)
