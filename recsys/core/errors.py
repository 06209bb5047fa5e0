"""Errors for people: what, where, an example, what to do.

RecsysError
 ├─ DataError          a file, a column or a value cannot be used
 ├─ UnknownNameError   no dataset, model, checkpoint, user or item of that name
 ├─ CheckpointError    a checkpoint is damaged, foreign or does not match the data
 └─ NotTrainedError    the model exists but has no checkpoint for this dataset
"""

import difflib
from collections.abc import Iterable, Sequence


class RecsysError(Exception):
    """Base of all errors that a person can do something about. The message is one line."""


class DataError(RecsysError):
    """A file, a column or a value cannot be used."""


class UnknownNameError(RecsysError):
    """No dataset, model, checkpoint, user or item of that name."""


class CheckpointError(RecsysError):
    """A checkpoint is damaged, foreign or does not match the data."""


class NotTrainedError(RecsysError):
    """The model exists but has no checkpoint for this dataset."""


def unknown(kind: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """An UnknownNameError that offers the nearest known names, or the first few."""
    names = [str(each) for each in known]
    offer = did_you_mean(name, names) or f"known: {', '.join(names[:5])}{' …' if len(names) > 5 else ''}"
    return UnknownNameError(f"there is no {kind} '{name}'; {offer}")


def did_you_mean(name: object, known: Sequence[str]) -> str:
    """The nearest known names as a question; empty where none is near."""
    near = difflib.get_close_matches(str(name), known[:50_000], n=3, cutoff=0.6)
    return f"did you mean {' or '.join(near)}?" if near else ""
