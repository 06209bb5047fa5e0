"""What is known of a data set before any of its files is read."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from recsys.core.errors import DataError
from recsys.storage.files import home


@dataclass(frozen=True)
class Download:
    """A file its owner publishes. `checksum` is "md5:…" or "sha256:…", the address of a file that holds it, or None where there is none."""

    url: str
    checksum: str | None = None


@dataclass(frozen=True)
class DatasetSpec:
    """`files` are the raw files needed, "a | b" where either will do (the first is better); `optional` ones add titles and text.

    `folders` are the names a raw folder may have under RECSYS_DATA. `module` has `read(connection, folder) -> Source`;
    data that ships with the program has none. `terms` is what the owner asks, in a sentence.
    """

    title: str
    summary: str
    noun: str
    repeats: bool
    terms: str
    files: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    module: str | None = None
    downloads: tuple[Download, ...] = ()

    @property
    def reader(self) -> Callable[..., Any]:
        """The module's `read`; imported now and not before."""
        if self.module is None:
            raise DataError(f"'{self.title}' comes prepared and has no raw files to read")
        read: Callable[..., Any] = import_module(self.module).read
        return read

    def here(self, folder: Path) -> list[Path]:
        """The files of this data set that stand in a folder; empty unless all that are needed do."""
        found = []
        for alternatives in self.files:
            there = [folder / name for name in alternatives.split(" | ") if (folder / name).is_file()]
            if not there:
                return []
            found.append(there[0])
        return found + [folder / name for name in self.optional if (folder / name).is_file()]

    def find(self, name: str, root: Path | None) -> Path:
        """The folder with the raw files: the one given or in it; when none is given, under RECSYS_DATA or where `fetch` puts them."""
        places = [root] if root else [*(Path(each) for each in [os.environ.get("RECSYS_DATA")] if each), raw_home()]
        for place in places:
            for folder in (place, *(place / each for each in (name, *self.folders))):
                if self.here(folder):
                    return folder
        raise DataError(
            f"no raw files of '{name}' ({', '.join(self.files)}) in {' or '.join(map(str, places))}; "
            f"put them in {places[0] / name}, or name their folder with --root"
        )


def raw_home() -> Path:
    """Where fetched raw files go unless a folder is named."""
    return home() / "raw"
