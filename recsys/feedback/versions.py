"""Versions of a checkpoint: NAME@2 is a folder beside NAME, made by a refit. NAME means the version that was promoted last.

Training NAME again counts as a promotion of it: the trained checkpoint, version 1, is then meant until another version is promoted.
"""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from glob import escape
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from recsys.accounts.account import Account, record_action
from recsys.accounts.roles import check_allowed
from recsys.core.errors import DataError, StoreError, UnknownNameError, unknown
from recsys.core.translation import _
from recsys.database.engine import Store, open_store
from recsys.database.schema import AccountRow, FeedbackRow, VersionRow
from recsys.feedback.version_names import SEPARATOR, join_version, split_version
from recsys.storage.paths import home
from recsys.storage.serialization import to_plain
from recsys.training.checkpoints import (
    CheckpointCard,
    CheckpointEntry,
    find_checkpoint,
    get_checkpoint_folder,
    list_checkpoints,
    read_card,
    save_checkpoint,
)

ATTEMPTS = 20
"""Attempts to take the next number before other refits do."""


@dataclass(frozen=True)
class Version:
    """A version of a checkpoint. `name` is that of its folder, `account` the name of who made it, empty for the trained one.

    `trained_on` says which feedback it learnt from, `validation` holds its metrics, `metrics` those of its refit before and after.
    `feedback` counts the answers to its lists. `promoted` is the time of its latest promotion, and `is_current` says that the plain
    name means this version.
    """

    name: str
    checkpoint: str
    version: int
    parent: int | None
    account: str
    created: float
    promoted: float | None
    is_current: bool
    feedback: int
    validation: dict[str, float] = field(default_factory=dict)
    trained_on: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)


def list_versions(store: Store, dataset: str, checkpoint: str) -> list[Version]:
    """Return all versions of a checkpoint, the trained one first; `checkpoint` may be the name of any of them."""
    base = split_version(checkpoint)[0]
    card = read_card(find_checkpoint(base, dataset))
    with store.read() as session:
        rows = {row.version: row for row in session.scalars(_rows_of(dataset, base))}
        current = _find_current(rows.values(), card)
        makers = dict(session.execute(select(AccountRow.id, AccountRow.name)).tuples().all())
        counted = (
            select(FeedbackRow.version, func.count())
            .where(FeedbackRow.dataset == dataset, FeedbackRow.checkpoint == base, FeedbackRow.withdrawn.is_(None))
            .group_by(FeedbackRow.version)
        )
        answers = dict(session.execute(counted).tuples().all())

    cards = {entry.name: entry.card for entry in list_checkpoints(dataset)}

    def describe(number: int) -> Version:
        row, name = rows.get(number), join_version(base, number)
        return Version(
            name=name,
            checkpoint=base,
            version=number,
            parent=row.parent if row else None,
            account=makers.get(row.account_id, "") if row and number > 1 else "",
            created=row.created if row and number > 1 else _get_training_time(card),
            promoted=row.promoted if row else None,
            is_current=number == current,
            feedback=answers.get(number, 0),
            validation=cards[name].validation if name in cards else {},
            trained_on=row.trained_on if row else {},
            metrics=row.metrics if row else {},
        )

    return [describe(number) for number in sorted({1, *rows})]


def promote_version(store: Store, account: Account, dataset: str, name: str) -> None:
    """Make a version the one that the plain name means; NAME or NAME@1 is the trained one."""
    check_allowed(account, "promote")
    base, number = split_version(name)
    find_checkpoint(join_version(base, number), dataset)
    with store.write() as session:
        row = _find_row(session, account, dataset, base, number)
        row.promoted = time.time()
        record_action(session, account, "promote version", f"{dataset}/{base}{SEPARATOR}{number}")


def roll_back(store: Store, account: Account, dataset: str, checkpoint: str) -> str:
    """Take back the latest promotion, so that the plain name means the version promoted before it; return the name of that one."""
    check_allowed(account, "promote")
    base = split_version(checkpoint)[0]
    card = read_card(find_checkpoint(base, dataset))
    with store.write() as session:
        rows = {row.version: row for row in session.scalars(_rows_of(dataset, base))}
        latest = max((row for row in rows.values() if row.promoted is not None), key=lambda row: row.promoted or 0.0, default=None)
        if latest is None or _find_current(rows.values(), card) != latest.version:
            raise DataError(_("no version of '{checkpoint}' was promoted, so there is nothing to roll back", checkpoint=base))
        latest.promoted = None
        now = _find_current(rows.values(), card)
        record_action(session, account, "roll back", f"{dataset}/{base}{SEPARATOR}{latest.version} to {base}{SEPARATOR}{now}")
    return join_version(base, now)


def delete_version(store: Store, account: Account, dataset: str, name: str) -> None:
    """Delete a version and its folder. The trained one and the one that the plain name means are kept."""
    check_allowed(account, "delete")
    base, number = split_version(name)
    if number == 1:
        raise DataError(_("'{name}' is the trained checkpoint, which is never deleted here; give a version such as {name}@2", name=base))
    card = read_card(find_checkpoint(base, dataset))
    with store.write() as session:
        row = _find_row(session, account, dataset, base, number)
        if _find_current(session.scalars(_rows_of(dataset, base)), card) == number:
            raise DataError(_("'{name}' is the promoted version of '{checkpoint}'; roll back first", name=name, checkpoint=base))
        row.deleted = time.time()
        record_action(session, account, "delete version", f"{dataset}/{base}{SEPARATOR}{number}")
    _remove_folder(get_checkpoint_folder(dataset, name))


def add_version(
    store: Store, account: Account, dataset: str, parent: CheckpointCard, model: Any, metrics: dict[str, Any], **card: Any
) -> Version:
    """Save a refitted model as the next version of a checkpoint; `card` are the fields of its card that differ from those of `parent`.

    The number is taken first, by a row that counts as deleted until the folder is complete: two refits never get the same number, and
    one that fails leaves nothing.
    """
    check_allowed(account, "refit")
    base, of = split_version(parent.name)
    row_id, number = _take_number(store, account, dataset, base, of)
    name = join_version(base, number)
    folder = get_checkpoint_folder(dataset, name)
    try:
        made = replace(parent, name=name, parent=parent.name, **card)
        save_checkpoint(folder, model, made)
        with store.write() as session:
            row = session.get_one(VersionRow, row_id)
            row.deleted, row.created = None, time.time()
            row.trained_on, row.metrics = to_plain(made.trained_on), to_plain(metrics)
            record_action(session, account, "refit", f"{dataset}/{name}")
    except BaseException:
        _remove_folder(folder)
        with store.write() as session:
            session.delete(session.get_one(VersionRow, row_id))
        raise
    return next(each for each in list_versions(store, dataset, base) if each.version == number)


def resolve_version(store: Store, dataset: str, name: str) -> str:
    """Return the name of the folder that a name means: that of the promoted version for NAME, of the trained one for NAME@1."""
    base, number = split_version(name)
    if SEPARATOR in name or not _has_versions(dataset, base):
        return join_version(base, number)
    with store.read() as session:
        rows = session.scalars(_rows_of(dataset, base)).all()
    return join_version(base, _find_current(rows, read_card(find_checkpoint(base, dataset))))


def find_meant_checkpoint(name: str, dataset: str, allows_path: bool = True) -> Path:
    """Return the folder of the checkpoint that a name means, or of a path. The store is opened only where there are versions."""
    base = split_version(name)[0]
    if "/" in name or not (SEPARATOR in name or _has_versions(dataset, base)):
        return find_checkpoint(name, dataset, allows_path)
    return find_checkpoint(resolve_version(open_store(), dataset, name), dataset, allows_path)


_KNOWN: dict[str, dict[str, list[VersionRow]]] = {}
"""The rows of versions that each dataset had when the store last answered."""


def name_meant_checkpoints(dataset: str, entries: Sequence[CheckpointEntry]) -> list[CheckpointEntry]:
    """Return checkpoints under the names that people use: NAME is the promoted version, and NAME@1 then the trained one.

    Folders of versions that are not in the store are left out. While the store does not answer, what it last said holds.
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
        meant = by_name.get(join_version(base, _find_current(rows, entry.card)), entry)
        found.append(replace(meant, name=base))
        if meant is not entry:
            found.append(replace(entry, name=f"{base}{SEPARATOR}1"))
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


def _has_versions(dataset: str, base: str) -> bool:
    return any(folder.is_dir() for folder in (home(dataset) / "checkpoints" / dataset).glob(f"{escape(base)}{SEPARATOR}[0-9]*"))


def _rows_of(dataset: str, base: str) -> Any:
    return select(VersionRow).where(VersionRow.dataset == dataset, VersionRow.checkpoint == base, VersionRow.deleted.is_(None))


def _find_current(rows: Any, trained: CheckpointCard) -> int:
    """Return the number of the version that the plain name means: the one promoted last, where training counts as well."""
    promoted = [(row.promoted, row.version) for row in rows if row.promoted is not None]
    return max([(_get_training_time(trained), 1), *promoted])[1]


def _get_training_time(card: CheckpointCard) -> float:
    return datetime.fromisoformat(card.created).timestamp() if card.created else 0.0


def _find_row(session: Session, account: Account, dataset: str, base: str, number: int) -> VersionRow:
    """Return the row of a version; that of the trained one is added when it is first needed."""
    rows = {row.version: row for row in session.scalars(_rows_of(dataset, base))}
    if number not in rows:
        if number > 1:
            raise _unknown_version(base, number, rows)
        rows[1] = VersionRow(dataset=dataset, checkpoint=base, version=1, account_id=account.id)
        session.add(rows[1])
    return rows[number]


def _unknown_version(base: str, number: int, rows: dict[int, VersionRow]) -> UnknownNameError:
    return unknown("version", f"{base}{SEPARATOR}{number}", [f"{base}{SEPARATOR}{each}" for each in sorted({1, *rows})])


def _take_number(store: Store, account: Account, dataset: str, base: str, parent: int) -> tuple[str, int]:
    """Add the row of the next version, which counts as deleted for now, and return its id and number."""
    on_disk = [split_version(entry.name)[1] for entry in list_checkpoints(dataset) if split_version(entry.name)[0] == base]
    attempts = ATTEMPTS
    while True:
        attempts -= 1
        try:
            with store.write() as session:
                highest = session.scalar(
                    select(func.max(VersionRow.version)).where(VersionRow.dataset == dataset, VersionRow.checkpoint == base)
                )
                number = max([1, highest or 1, *on_disk]) + 1
                row = VersionRow(
                    dataset=dataset, checkpoint=base, version=number, parent=parent, account_id=account.id, deleted=time.time()
                )
                session.add(row)
                session.flush()
                return row.id, number
        except StoreError as error:
            if not isinstance(error.__cause__, IntegrityError) or not attempts:  # another refit took the number
                raise


def _remove_folder(folder: Path) -> None:
    """Remove the folder of a version; it is renamed first, so that nobody reads half of it."""
    if folder.is_dir():
        hidden = folder.with_name(f".{folder.name}.deleted")
        folder.rename(hidden)
        shutil.rmtree(hidden, ignore_errors=True)
