"""The version that a name stands for: NAME is the one in use, promoted last, NAME@1 the trained one, NAME@2 the first refit.

Training NAME again counts as a promotion of it: the trained checkpoint, version 1, is then in use until another version is promoted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from glob import escape
from pathlib import Path

from sqlalchemy import Select, select

from recsys.core.errors import CheckpointError, StoreError
from recsys.core.translation import _
from recsys.database.engine import Store, open_store
from recsys.database.schema import VersionRow
from recsys.feedback.version_names import SEPARATOR, join_version, number_version, split_version
from recsys.storage.paths import home
from recsys.training.checkpoints import CARD, CheckpointCard, CheckpointEntry, find_checkpoint, get_checkpoint_folder, read_card

_KNOWN: dict[str, dict[str, list[VersionRow]]] = {}
"""The rows of versions that each dataset had when the store last answered."""


def resolve_version(store: Store, dataset: str, name: str) -> str:
    """Return the name of the folder that a name stands for: that of the version in use for NAME, of the trained one for NAME@1."""
    base, number = split_version(name)
    if SEPARATOR in name or not has_versions(dataset, base):
        return join_version(base, number)
    with store.read() as session:
        rows = session.scalars(select_versions(dataset, base)).all()
    return join_version(base, find_version_in_use(rows, read_card(find_checkpoint(base, dataset))))


def resolve_checkpoint(name: str, dataset: str, allows_path: bool = True) -> Path:
    """Return the folder of the checkpoint that a name or a path stands for. The store is opened only where there are versions."""
    base = split_version(name)[0]
    if "/" in name or not (SEPARATOR in name or has_versions(dataset, base)):
        return find_checkpoint(name, dataset, allows_path)
    resolved = resolve_version(open_store(), dataset, name)
    if resolved != name and split_version(resolved)[1] > 1 and not (get_checkpoint_folder(dataset, resolved) / CARD).is_file():
        raise CheckpointError(
            _(
                "{version}, the promoted version of '{name}', has lost its folder; restore it, or use the version before it: "
                "python -m recsys versions roll-back {name} {dataset}",
                version=resolved,
                name=name,
                dataset=dataset,
            )
        )
    return find_checkpoint(resolved, dataset, allows_path)


def apply_promotions(dataset: str, entries: Sequence[CheckpointEntry]) -> list[CheckpointEntry]:
    """Return checkpoints under the names that people use: NAME is the version in use, and NAME@1 the trained one where that is another.

    Folders of versions that are not in the store are left out, and so is NAME where the version in use has lost its folder: another
    model under its name would not be noticed. While the store does not answer, its last answer holds.
    """
    if not any(SEPARATOR in entry.name for entry in entries):
        return list(entries)
    by_name = {entry.name: entry for entry in entries}
    rows_of = _load_rows(dataset)
    found = []
    for entry in entries:
        base, number = split_version(entry.name)
        rows = rows_of.get(base, [])
        if number > 1:
            found += [entry] if any(row.version == number for row in rows) else []
            continue
        used = by_name.get(join_version(base, find_version_in_use(rows, entry.card)))
        if used is not None:
            found.append(replace(used, name=base))
        if used is not entry:
            found.append(replace(entry, name=number_version(base, 1)))
    return found


def _load_rows(dataset: str) -> dict[str, list[VersionRow]]:
    try:
        with open_store().read() as session:
            rows: dict[str, list[VersionRow]] = {}
            for row in session.scalars(select(VersionRow).where(VersionRow.dataset == dataset, VersionRow.deleted.is_(None))):
                rows.setdefault(row.checkpoint, []).append(row)
        _KNOWN[dataset] = rows
    except StoreError:
        if dataset not in _KNOWN:
            raise
    return _KNOWN[dataset]


def has_versions(dataset: str, base: str) -> bool:
    """Return whether a checkpoint has folders of versions, whose cards are not read: for a list that would take longer than most models."""
    return any(folder.is_dir() for folder in (home(dataset) / "checkpoints" / dataset).glob(f"{escape(base)}{SEPARATOR}[0-9]*"))


def select_versions(dataset: str, base: str) -> Select[VersionRow]:
    """Return the query of the versions of a checkpoint that were not deleted."""
    return select(VersionRow).where(VersionRow.dataset == dataset, VersionRow.checkpoint == base, VersionRow.deleted.is_(None))


def find_version_in_use(rows: Iterable[VersionRow], trained: CheckpointCard) -> int:
    """Return the number of the version in use: the one promoted last, where training counts as well."""
    promoted = [(row.promoted, row.version) for row in rows if row.promoted is not None]
    return max([(get_training_time(trained), 1), *promoted])[1]


def get_training_time(card: CheckpointCard) -> float:
    """Return the time at which a checkpoint was trained, in seconds UTC."""
    return datetime.fromisoformat(card.created).timestamp() if card.created else 0.0
