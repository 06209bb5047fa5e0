"""A store of answers that take long, such as explanations, long replays and searches, shared by all sessions of the server."""

from collections import OrderedDict
from threading import Lock
from typing import Any

CAPACITY = 256


class AnswerStore:
    """Finished answers by key, the least recently used dropped first; an answer that takes long is put here only when it is complete."""

    def __init__(self, capacity: int = CAPACITY):
        self._answers: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._capacity, self._lock = capacity, Lock()

    def get(self, key: tuple[Any, ...]) -> Any:
        """Return the answer with this key; None where there is none."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
            return self._answers.get(key)

    def put(self, key: tuple[Any, ...], answer: Any) -> None:
        """Keep an answer."""
        with self._lock:
            self._answers[key] = answer
            self._answers.move_to_end(key)
            while len(self._answers) > self._capacity:
                self._answers.popitem(last=False)
