"""Versions of a checkpoint: NAME@2 is a folder beside NAME, made by a refit. The one that was promoted last is in use."""

import shutil
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from recsys.accounts.account import Account
from recsys.accounts.audit_log import record_action
from recsys.accounts.roles import check_allowed
from recsys.core.errors import DataError, UnknownNameError, unknown
from recsys.core.translation import _
from recsys.database.engine import Store
from recsys.database.schema import AccountRow, FeedbackCountRow, VersionRow
from recsys.feedback.recording import ACTIONS
from recsys.feedback.version_lookup import find_version_in_use, get_training_time, select_versions
from recsys.feedback.version_names import join_version, number_version, split_version
from recsys.storage.serialization import to_plain
from recsys.training.checkpoints import (
    CheckpointCard,
    find_checkpoint,
    get_checkpoint_folder,
    list_checkpoints,
    read_card,
    save_checkpoint,
)


@dataclass(frozen=True)
class Version:
    """A version of a checkpoint. `name` is that of its folder, `account` the name of who made it, empty for the trained one.

    `trained_on` says which feedback it learnt from, `validation` holds its metrics, `metrics` those of its refit before and after.
    `feedback` counts the answers to its lists. `promoted` is the time of its latest promotion; the plain name of the checkpoint stands
    for the version that is in use.
    """

    name: str
    checkpoint: str
    version: int
    parent: int | None
    account: str
    created: float
    promoted: float | None
    is_in_use: bool
    feedback: int
    validation: dict[str, float] = field(default_factory=dict)
    trained_on: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """Name with the number, also of the trained one: "association@1"."""
        return number_version(self.checkpoint, self.version)


def list_versions(store: Store, dataset: str, checkpoint: str) -> list[Version]:
    """Return all versions of a checkpoint, the trained one first; `checkpoint` may be the name of any of them."""
    base = split_version(checkpoint)[0]
    card = read_card(find_checkpoint(base, dataset))
    with store.read() as session:
        rows = {row.version: row for row in session.scalars(select_versions(dataset, base))}
        in_use = find_version_in_use(rows.values(), card)
        owners = {row.account_id for row in rows.values()}
        makers = dict(session.execute(select(AccountRow.id, AccountRow.name).where(AccountRow.id.in_(owners))).tuples().all())
        counted = (
            select(FeedbackCountRow.version, func.sum(FeedbackCountRow.count))
            .where(FeedbackCountRow.dataset == dataset, FeedbackCountRow.checkpoint == base, FeedbackCountRow.action.in_(ACTIONS))
            .group_by(FeedbackCountRow.version)
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
            created=row.created if row and number > 1 else get_training_time(card),
            promoted=row.promoted if row else None,
            is_in_use=number == in_use,
            feedback=answers.get(number, 0),
            validation=cards[name].validation if name in cards else {},
            trained_on=row.trained_on if row else {},
            metrics=row.metrics if row else {},
        )

    return [describe(number) for number in sorted({1, *rows})]


def promote_version(store: Store, account: Account, dataset: str, name: str) -> None:
    """Put a version into use under the plain name; NAME or NAME@1 is the trained one."""
    check_allowed(account, "promote")
    base, number = split_version(name)
    card, trained = (read_card(find_checkpoint(each, dataset)) for each in (join_version(base, number), base))
    if card.dataset_fingerprint != trained.dataset_fingerprint:  # the data was prepared anew and the checkpoint trained on it
        raise DataError(
            _(
                "'{name}' was made on an earlier state of '{dataset}' than '{checkpoint}' and cannot be used; refit '{checkpoint}' again",
                name=name,
                dataset=dataset,
                checkpoint=base,
            )
        )
    with store.write() as session:
        row = _find_row(session, account, dataset, base, number)
        row.promoted = time.time()
        record_action(session, account, "promote version", f"{dataset}/{number_version(base, number)}")


def roll_back(store: Store, account: Account, dataset: str, checkpoint: str) -> str:
    """Take back the latest promotion, so that the version promoted before it is in use; return its name."""
    check_allowed(account, "promote")
    base = split_version(checkpoint)[0]
    card = read_card(find_checkpoint(base, dataset))
    with store.write() as session:
        rows = {row.version: row for row in session.scalars(select_versions(dataset, base))}
        latest = max((row for row in rows.values() if row.promoted is not None), key=lambda row: row.promoted or 0.0, default=None)
        if latest is None or find_version_in_use(rows.values(), card) != latest.version:
            raise DataError(_("no version of '{checkpoint}' was promoted, so there is nothing to roll back", checkpoint=base))
        latest.promoted = None
        now = find_version_in_use(rows.values(), card)
        record_action(session, account, "roll back", f"{dataset}/{number_version(base, latest.version)} to {number_version(base, now)}")
    return join_version(base, now)


def delete_version(store: Store, account: Account, dataset: str, name: str) -> None:
    """Delete a version and its folder. The trained one and the one in use are kept."""
    check_allowed(account, "delete")
    base, number = split_version(name)
    if number == 1:
        raise DataError(_("'{name}' is the trained checkpoint, which is never deleted here; give a version such as {name}@2", name=base))
    card = read_card(find_checkpoint(base, dataset))
    with store.write() as session:
        row = _find_row(session, account, dataset, base, number)
        if find_version_in_use(session.scalars(select_versions(dataset, base)), card) == number:
            raise DataError(_("'{name}' is the promoted version of '{checkpoint}'; roll back first", name=name, checkpoint=base))
        row.deleted = time.time()
        record_action(session, account, "delete version", f"{dataset}/{number_version(base, number)}")
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


def _find_row(session: Session, account: Account, dataset: str, base: str, number: int) -> VersionRow:
    """Return the row of a version; that of the trained one is added when it is first needed."""
    rows = {row.version: row for row in session.scalars(select_versions(dataset, base))}
    if number not in rows:
        if number > 1:
            raise _unknown_version(base, number, rows)
        rows[1] = VersionRow(dataset=dataset, checkpoint=base, version=1, account_id=account.id)
        session.add(rows[1])
    return rows[number]


def _unknown_version(base: str, number: int, rows: dict[int, VersionRow]) -> UnknownNameError:
    return unknown("version", number_version(base, number), [number_version(base, each) for each in sorted({1, *rows})])


def _take_number(store: Store, account: Account, dataset: str, base: str, parent: int) -> tuple[str, int]:
    """Add the row of the next version, which counts as deleted for now, and return its id and number."""
    on_disk = [split_version(entry.name)[1] for entry in list_checkpoints(dataset) if split_version(entry.name)[0] == base]
    with store.write() as session:  # one write happens at a time, so no other refit takes the number
        highest = session.scalar(select(func.max(VersionRow.version)).where(VersionRow.dataset == dataset, VersionRow.checkpoint == base))
        number = max([1, highest or 1, *on_disk]) + 1
        row = VersionRow(dataset=dataset, checkpoint=base, version=number, parent=parent, account_id=account.id, deleted=time.time())
        session.add(row)
        session.flush()
        return row.id, number


def _remove_folder(folder: Path) -> None:
    """Remove the folder of a version; it is renamed first, so that nobody reads half of it."""
    if folder.is_dir():
        hidden = folder.with_name(f".{folder.name}.deleted")
        folder.rename(hidden)
        shutil.rmtree(hidden, ignore_errors=True)
