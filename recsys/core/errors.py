"""Errors that a user can act on: each says what is wrong, where, and what to do.

RecsysError
 ├─ DataError          a file, a column or a value cannot be used
 │   └─ QuestionError  a file can be read in several ways, and only its owner knows which is right
 ├─ UnknownNameError   no dataset, model, checkpoint, user or item of that name
 ├─ CheckpointError    a checkpoint is damaged, foreign or does not match the data
 ├─ NotTrainedError    the model exists but has no checkpoint for this dataset
 ├─ StoreError         the store of feedback and accounts cannot be read or written now
 └─ NotAllowedError    the role of an account does not allow an action
     └─ NotSignedInError  nobody is signed in, or the sign-in has expired
"""

import difflib
from collections.abc import Iterable, Sequence

from recsys.core.formatting import join_words
from recsys.core.translation import _

LONGEST_START, LONGEST_END = 700, 300
"""Characters of a message that are kept where a value in it, such as an id, is too long to be read."""


class RecsysError(Exception):
    """Base of all errors that a user can do something about. The message is one line."""

    def __init__(self, message: str) -> None:
        is_long = len(message) > LONGEST_START + LONGEST_END
        super().__init__(f"{message[:LONGEST_START]} … {message[-LONGEST_END:]}" if is_long else message)


class DataError(RecsysError):
    """A file, a column or a value cannot be used."""


class QuestionError(DataError):
    """A file can be read in several ways, and only its owner knows which is right.

    The message ends with the question. `suggestion` are the options of `prepare` that give the likeliest answer, in the form of the
    command line: ("--map", "user_id==me"); empty where no answer is likelier than another. `option` is the one that answers, empty
    where the file must be changed or a column chosen, and `choices` are its possible values where they can be listed.
    """

    def __init__(self, message: str, *suggestion: str, option: str = "", choices: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.suggestion = suggestion
        self.option = option or (suggestion[0] if suggestion else "")
        self.choices = tuple(choices)


class UnknownNameError(RecsysError):
    """No dataset, model, checkpoint, user or item of that name."""


class CheckpointError(RecsysError):
    """A checkpoint is damaged, foreign or does not match the data."""


class NotTrainedError(RecsysError):
    """The model exists but has no checkpoint for this dataset."""


class StoreError(RecsysError):
    """The store of feedback and accounts cannot be read or written now; nothing of the failed write was saved."""


class NotAllowedError(RecsysError):
    """The role of an account does not allow an action."""


class NotSignedInError(NotAllowedError):
    """Nobody is signed in, or the sign-in has expired."""


def summarize_error(error: BaseException) -> str:
    """Return the first line of an error's message, or the name of its type where it has none: the reason in a message of one line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].strip()


def unknown(kind: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """Return an UnknownNameError that suggests the nearest known names, or the first few.

    `kind` is an English literal such as "item"; it is extracted for translation from the calls of this function.
    """
    names = [str(each) for each in known]
    near = nearest_names(name, names)
    if near:
        message = _("there is no {kind} '{name}'; did you mean {suggestions}?", kind=_(kind), name=name, suggestions=join_words(near, "or"))
    elif len(names) > 5:
        message = _("there is no {kind} '{name}'; known: {names} …", kind=_(kind), name=name, names=", ".join(names[:5]))
    else:
        message = _("there is no {kind} '{name}'; known: {names}", kind=_(kind), name=name, names=", ".join(names))
    return UnknownNameError(message)


def nearest_names(name: object, known: Sequence[str]) -> list[str]:
    """Return at most three known names that resemble this one, the nearest first."""
    return difflib.get_close_matches(str(name), known[:50_000], n=3, cutoff=0.6)


def did_you_mean(name: object, known: Sequence[str]) -> str:
    """Return the nearest known names as a question; empty where none is near."""
    near = nearest_names(name, known)
    return _("did you mean {suggestions}?", suggestions=join_words(near, "or")) if near else ""
