"""The description of a known dataset: its title, terms, raw files and downloads."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from recsys.core.errors import DataError
from recsys.core.formatting import join_words
from recsys.core.translation import _
from recsys.storage.paths import home


@dataclass(frozen=True)
class Download:
    """A file that the owner publishes. `checksum` is "md5:…" or "sha256:…", the address of a file that contains it, or None."""

    url: str
    checksum: str | None = None


@dataclass(frozen=True)
class DatasetSpec:
    """A known dataset.

    `files` are the required raw files, "a | b" where one of two is enough (the first is preferred); `optional` files add titles and
    text. `folders` are further names that the raw folder may have under RECSYS_DATA. `module` is the reader's, with
    `read(connection, folder) -> Source`; datasets that ship with Recscope have none. `summary` and `terms` (the owner's conditions)
    are sentences marked for translation; `noun` is the word for one interaction.
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
        """The `read` function of the reader, imported on first use."""
        if self.module is None:
            raise DataError(_("'{title}' ships with Recscope and has no raw files to read", title=self.title))
        read: Callable[..., Any] = import_module(self.module).read
        return read

    def files_in(self, folder: Path) -> list[Path]:
        """Return the raw files of this dataset in a folder, required ones first; empty if a required one is missing."""
        paths = []
        for alternatives in self.files:
            existing = [folder / name for name in alternatives.split(" | ") if (folder / name).is_file()]
            if not existing:
                return []
            paths.append(existing[0])
        return paths + [folder / name for name in self.optional if (folder / name).is_file()]

    def find_folder(self, name: str, root: Path | None) -> Path:
        """Return the folder with the raw files: `root` or a folder in it; without one, under RECSYS_DATA or where `fetch` stores them.

        A DataError lists the folders searched.
        """
        places = [root] if root else [*(Path(each) for each in [os.environ.get("RECSYS_DATA")] if each), raw_home()]
        for place in places:
            for folder in (place, *(place / each for each in (name, *self.folders))):
                if self.files_in(folder):
                    return folder
        raise DataError(
            _(
                "no raw files of '{name}' ({files}) in {folders}; put them in {target}, or name their folder with --root",
                name=name,
                files=", ".join(self.files),
                folders=join_words(map(str, places), "or"),
                target=places[0] / name,
            )
        )


def raw_home() -> Path:
    """Return the folder for downloaded raw files, used unless another is named."""
    return home() / "raw"
