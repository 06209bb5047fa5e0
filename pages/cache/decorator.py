"""What all sessions share: one decorator, keyed by names and fingerprints."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import streamlit as st

from recsys.core import Dataset
from recsys.figures.palette import Palette
from recsys.training.checkpoints import Card, Loaded

Given = ParamSpec("Given")
Made = TypeVar("Made")

# By name and fingerprint, never by content: hashing a dataset would take longer than most of what is made of it.
KEYS: dict[str | type[Any], Callable[[Any], Any]] = {
    Dataset: lambda dataset: (dataset.name, dataset.fingerprint),
    Loaded: lambda found: (found.fingerprint, found.device),
    Card: lambda card: card.seal,
    Palette: lambda colours: colours.background,
}


def cached(most: int, says: str | bool = False) -> Callable[[Callable[Given, Made]], Callable[Given, Made]]:
    """Keeps what a function makes for all sessions, the `most` latest of them, and shows what it `says` while making one."""
    return st.cache_resource(max_entries=most, show_spinner=says, hash_funcs=KEYS)
