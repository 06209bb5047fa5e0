"""The answering of questions about a file by what they suggest, as someone does who confirms everything."""

import re
from pathlib import Path
from typing import Any

from recsys.core import Dataset
from recsys.core.errors import QuestionError
from recsys.datasets import read_file

_MOST = 5
_OF_PAIRS = {"map": "mapping", "rows": "rows", "behaviours": "behaviours"}


def follow_suggestion(question: QuestionError, choices: dict[str, Any]) -> dict[str, Any]:
    """Return the choices with the suggestion of a question, which is raised again if it suggests nothing."""
    if not question.suggestion:
        raise question
    option, value = question.suggestion
    name = option.removeprefix("--")
    if name not in _OF_PAIRS:
        return {**choices, name: value}
    pairs = dict(pair.split("=", 1) for pair in re.split(r",(?=[\w-]+=)", value))
    return {**choices, _OF_PAIRS[name]: {**choices.get(_OF_PAIRS[name], {}), **pairs}}


def read_by_suggestions(path: Path, question: QuestionError | None = None, **choices: Any) -> tuple[Dataset, list[QuestionError]]:
    """Read a file and return it with the questions that were asked, five at most; `question` was asked already."""
    asked = [question] if question else []
    while len(asked) <= _MOST:
        if asked:
            choices = follow_suggestion(asked[-1], choices)
        try:
            return read_file(path, **choices), asked
        except QuestionError as another:
            asked.append(another)
    raise asked[-1]
