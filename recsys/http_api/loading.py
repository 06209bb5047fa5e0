"""Datasets and models by the names that a request gives, loaded once per process."""

import os
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from recsys.core import Dataset
from recsys.core.errors import DataError, StoreError
from recsys.feedback.version_lookup import has_versions, resolve_checkpoint
from recsys.feedback.version_names import SEPARATOR, split_version
from recsys.http_api.errors import ApiError
from recsys.storage.paths import check_name, own_homes
from recsys.training.checkpoints import CARD, LoadedCheckpoint, check_dataset_match
from recsys.training.live_models import find_live_model

MOST_DATASETS, MOST_MODELS = 4, 32
SETTLED = 1_000_000_000
"""Nanoseconds after which a folder cannot change again within the resolution of its time."""


class Loader:
    """Opens datasets and loads checkpoints, each once until its files change; the ones used last are kept.

    `open_dataset(name)` and `load_checkpoint(folder)` do it the first time; the app's are those of its pages, so that a server has every
    dataset and model in memory once. Only prepared datasets and named checkpoints are found: no path, and no upload of a session.
    """

    def __init__(self, open_dataset: Callable[[str], Dataset], load_checkpoint: Callable[[Path], LoadedCheckpoint]):
        self._open, self._load = open_dataset, load_checkpoint
        self._datasets, self._models = _Latest(MOST_DATASETS), _Latest(MOST_MODELS)
        self._resolved: dict[tuple[str, str], tuple[Path, Hashable]] = {}  # no larger than the checkpoints on disk

    def dataset(self, name: str) -> Dataset:
        """Return a prepared dataset; any other name is an ApiError with 404."""
        from recsys.datasets import prepared_folder

        folder = prepared_folder(name) if _is_name(name) else None
        if folder is None:
            raise ApiError(404, f"there is no prepared dataset '{name[:80]}'; GET /api/models lists those that there are")
        opened: Dataset = self._datasets.get(name, _stamp(folder), lambda: self._open(name))
        return opened

    def model(self, dataset: Dataset, name: str) -> LoadedCheckpoint:
        """Return a checkpoint of a dataset, ready to score."""
        live = find_live_model(dataset.name, name)
        if live is not None:
            return live
        if not _is_name(name.replace(SEPARATOR, "-")):
            raise ApiError(404, f"there is no checkpoint '{name[:80]}'; GET /api/models lists those that there are")
        folder, stamp = self._find(dataset.name, name)
        loaded: LoadedCheckpoint = self._models.get(folder, stamp, lambda: self._load(folder))
        check_dataset_match(loaded.card, dataset)
        return loaded

    def _find(self, dataset: str, name: str) -> tuple[Path, Hashable]:
        """Return the folder that a name stands for, and its stamp; while the store does not answer, the one that it last stood for.

        It is looked up again only where that may have changed: the lookup would take longer than many a model.
        """
        stamp = _stamp_checkpoints(dataset)
        known, known_stamp = self._resolved.get((dataset, name), (None, None))
        if known is not None and known_stamp is not None and known_stamp == stamp:
            with suppress(FileNotFoundError):
                return known, _stamp(known)
        try:
            folder = resolve_checkpoint(name, dataset, allows_path=False)
        except StoreError:
            if known is None or not known.is_dir():
                raise
            return known, _stamp(known)
        self._resolved[dataset, name] = folder, None if has_versions(dataset, split_version(name)[0]) else stamp
        return folder, _stamp(folder)


class _Latest:
    """The values used last, by key; one whose stamp differs is made again. Two threads never make the same one at once."""

    def __init__(self, most: int):
        self._most, self._lock = most, Lock()
        self._values: OrderedDict[Hashable, tuple[Hashable, Any]] = OrderedDict()
        self._making: dict[Hashable, Lock] = {}

    def get(self, key: Hashable, stamp: Hashable, make: Callable[[], Any]) -> Any:
        found = self._find(key, stamp)
        if found is not None:
            return found
        with self._lock:
            making = self._making.setdefault(key, Lock())
        with making:
            found = self._find(key, stamp)
            if found is None:
                found = make()
                with self._lock:
                    self._values[key] = stamp, found
                    self._values.move_to_end(key)
                    while len(self._values) > self._most:
                        self._making.pop(self._values.popitem(last=False)[0], None)
        return found

    def _find(self, key: Hashable, stamp: Hashable) -> Any:
        with self._lock:
            known = self._values.get(key)
            if known is None or known[0] != stamp:
                return None
            self._values.move_to_end(key)
            return known[1]


def _is_name(name: str) -> bool:
    """Return whether a name can be that of a folder."""
    try:
        return len(os.fsencode(check_name("dataset", name))) <= 255
    except (DataError, UnicodeError):
        return False


def _stamp_checkpoints(dataset: str) -> Hashable:
    """Return a stamp that changes when a checkpoint of a dataset is added or removed; None where it might miss a change."""
    stamps = []
    for each in own_homes(dataset):
        folder = each / "checkpoints" / dataset
        try:
            changed = folder.stat().st_mtime_ns
        except FileNotFoundError:
            changed = 0
        if time.time_ns() - changed < SETTLED:
            return None
        stamps.append((folder, changed))
    return tuple(stamps)


def _stamp(folder: Path) -> Hashable:
    """Return a stamp that changes when a folder is replaced."""
    at = (folder / CARD).stat()
    return at.st_ino, at.st_mtime_ns, at.st_size
