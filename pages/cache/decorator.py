"""The decorator of results that all sessions share, keyed by names and fingerprints."""

from collections.abc import Callable
from inspect import signature
from typing import Any, ParamSpec, TypeVar

import streamlit as st

from recsys.core import Dataset
from recsys.core.translation import _
from recsys.figures.palette import Palette
from recsys.training.checkpoints import CheckpointCard, LoadedCheckpoint

Given = ParamSpec("Given")
Made = TypeVar("Made")

# By name and fingerprint, never by content: hashing a dataset would take longer than most of what is computed from it.
KEYS: dict[str | type[Any], Callable[[Any], Any]] = {
    Dataset: lambda dataset: (dataset.name, dataset.fingerprint),
    LoadedCheckpoint: lambda found: (found.fingerprint, found.device),
    CheckpointCard: lambda card: card.seal,
    Palette: lambda colours: colours.background,
}


class SpinnerText(str):
    """A message that Streamlit takes when the code is loaded and that is translated each time it is shown."""

    __slots__ = ()

    def __str__(self) -> str:
        return str.__str__(_(str.__str__(self)))


def cached(most: int, spinner: str = "") -> Callable[[Callable[Given, Made]], Callable[Given, Made]]:
    """Cache the latest `most` results of a function for all sessions; `spinner`, marked by N_, is shown while it runs."""
    keep = st.cache_resource(max_entries=most, show_spinner=SpinnerText(spinner) if spinner else False, hash_funcs=KEYS)

    def decorate(function: Callable[Given, Made]) -> Callable[Given, Made]:
        function.__signature__ = signature(function)  # type: ignore[attr-defined]  # else Streamlit works it out at each call, for each argument
        return keep(function)

    return decorate
