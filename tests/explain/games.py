"""Games whose values are known, for the methods to find."""

from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np

from recsys.core import Event, History, Request, empty_history
from recsys.explain.game import Game

Value = Callable[[np.ndarray], np.ndarray]


class FunctionModel:
    """A recommender of two items that scores the first by a function of which events are there (n, P), the second 0.

    Event i is the item "e<i>", so that a history says which of them are there; items beyond are known too.
    """

    def __init__(self, players: int, value: Value) -> None:
        self.item_ids = np.array(["wanted", "other", *(f"e{i}" for i in range(players))], dtype=object)
        self.players, self.function, self.calls = players, value, 0

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        there = np.zeros((len(requests), self.players), dtype=bool)
        for row, request in zip(there, requests, strict=True):
            row[[int(item[1:]) for item in request.history.items]] = True
        return self.score_subsets(requests[0], there)

    def score_subsets(self, request: Request, keep: np.ndarray, instead: str | None = None, column: int | None = None) -> np.ndarray:
        self.calls += 1
        scores = np.zeros((len(keep), len(self.item_ids)), dtype=np.float32)
        scores[:, 0] = self.function(keep)
        return scores if column is None else scores[:, [column]]


def game_of_function(players: int, value: Value) -> Game:
    """The game that a function of coalitions (n, P) makes."""
    return Game(FunctionModel(players, value), Request(history_of(players)), "wanted")


def history_of(players: int) -> History:
    history = empty_history()
    for i in range(players):
        history = history.then(Event(f"e{i}"))
    return history


def shapley_by_definition(players: int, value: Value) -> np.ndarray:
    """Shapley values from their definition: what each adds, averaged over all orders."""
    added, orders = np.zeros(players), list(permutations(range(players)))
    for order in orders:
        there = np.zeros((players + 1, players), dtype=bool)
        for place, player in enumerate(order):
            there[place + 1 :, player] = True
        added[list(order)] += np.diff(value(there))
    return added / len(orders)


def sample_value(kind: str, players: int, random: np.random.Generator) -> Value:
    """A game of some kind, drawn."""
    worth = random.normal(size=players)
    if kind == "additive":
        return lambda there: there @ worth
    if kind == "saturating":
        return lambda there: np.tanh(there @ worth + 0.3)
    if kind == "threefold":
        triples, sizes = [random.choice(players, 3, replace=False) for _ in range(15)], random.normal(size=15)
        return lambda there: there @ worth + sum(size * there[:, three].all(axis=1) for size, three in zip(sizes, triples))
    if kind == "network":
        inner, bias, outer = random.normal(size=(players, 16)), random.normal(size=16), random.normal(size=16)
        return lambda there: np.maximum(there @ inner + bias, 0) @ outer
    if kind == "fading":
        return lambda there: (there * worth * 0.8 ** (np.cumsum(there[:, ::-1], axis=1)[:, ::-1] - there)).sum(axis=1)
    if kind == "attention":
        strength = np.exp(1.5 * random.normal(size=players))
        return lambda there: (there * strength) @ worth / (1 + there @ strength)
    if kind == "greatest":
        return lambda there: (there * np.abs(worth)).max(axis=1)
    raise KeyError(kind)


KINDS = ("additive", "saturating", "threefold", "network", "fading", "attention", "greatest")
