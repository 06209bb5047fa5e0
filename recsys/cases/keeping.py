"""Cases in the store: kept, edited, deleted, listed and searched. Every account that may look sees the cases of all."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Select, TableValuedAlias, exists, func, select
from sqlalchemy.orm import Session, aliased

from recsys.accounts.account import LOCAL, Account
from recsys.accounts.audit_log import record_action
from recsys.accounts.roles import check_allowed
from recsys.cases.case import Case, CaseChangedError, View
from recsys.cases.limits import check_note, check_settings, clean_tags, join_search_text
from recsys.core.errors import DataError, unknown
from recsys.core.formatting import format_moment, local_time
from recsys.core.translation import N_, _
from recsys.database.columns import LONGEST_NOTE, check_text
from recsys.database.engine import Store
from recsys.database.schema import ID_LENGTH, AccountRow, CaseRow

PAGE = 20
"""Cases of one page of a list."""
LONGEST_SEARCH = 200
ORDERS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "newest": (N_("Newest first"), (CaseRow.created.desc(), CaseRow.id.desc())),
    "oldest": (N_("Oldest first"), (CaseRow.created, CaseRow.id)),
    "changed": (N_("Last changed first"), (func.coalesce(CaseRow.changed, CaseRow.created).desc(), CaseRow.id.desc())),
    "user": (N_("By dataset, user and step"), (CaseRow.dataset, CaseRow.user_id, CaseRow.step, CaseRow.id)),
}
"""Orders of a list with their titles and columns."""
TAG_FUNCTIONS = {"sqlite": func.json_each, "postgresql": func.json_array_elements_text}
"""The function of each database that makes a row of each tag."""
VIEW_FIELDS = tuple(each.name for each in fields(View))
"""Columns of a case that are those of its view."""
KEEPER, CHANGER = aliased(AccountRow), aliased(AccountRow)


@dataclass(frozen=True)
class CaseListPage:
    """A page of a list of cases, and the number of cases in the whole list."""

    cases: tuple[Case, ...]
    total: int


def keep_case(store: Store, account: Account, view: View, note: str = "", tags: Sequence[str] = ()) -> Case:
    """Save a view with a note in Markdown and tags, and return the case."""
    check_allowed(account, "keep cases")
    values = {name: getattr(view, name) for name in VIEW_FIELDS}
    row = CaseRow(account_id=account.id, **(values | {"settings": check_settings(dict(view.settings))}))
    _write_text(row, note, tags)
    with store.write() as session:
        session.add(row)
        session.flush()
        return _load(session, row.id)


def edit_case(store: Store, account: Account, case_id: str, note: str, tags: Sequence[str], revision: int) -> Case:
    """Replace the note and the tags of a case, one's own or another's, and return it.

    `revision` is that of the case that was edited; where the case has been changed since, nothing is saved and a CaseChangedError holds
    the case as it is now. A change of another's case is in the audit log.
    """
    check_allowed(account, "keep cases")
    with store.write() as session:
        current = _load(session, case_id)
        if current.revision != revision:
            raise _changed_meanwhile(current)
        row = session.get_one(CaseRow, case_id)
        _write_text(row, note, tags)
        row.revision, row.changed, row.changed_by = revision + 1, time.time(), account.id
        _record_if_foreign(session, account, "edit case", current)
        session.flush()
        return _load(session, case_id)


def delete_case(store: Store, account: Account, case_id: str) -> None:
    """Delete a case: one's own, or another's, which needs the role admin and is in the audit log."""
    check_allowed(account, "keep cases")
    with store.write() as session:
        case = _load(session, case_id)
        if case.account_id != account.id:
            check_allowed(account, "delete")
        session.delete(session.get_one(CaseRow, case_id))
        _record_if_foreign(session, account, "delete case", case)


def load_case(store: Store, account: Account, case_id: str) -> Case:
    """Return a case; raise a DataError where there is none."""
    check_allowed(account, "view")
    with store.read() as session:
        return _load(session, case_id)


def list_cases(
    store: Store,
    account: Account,
    search: str = "",
    tags: Sequence[str] = (),
    dataset: str | None = None,
    order: str = "newest",
    offset: int = 0,
    limit: int | None = PAGE,
) -> CaseListPage:
    """Return a page of the cases that have all the words of a search and all the tags.

    A word may stand in the note, a tag, the name of the dataset or of the model, or the id of the user, in any case of its letters.
    """
    check_allowed(account, "view")
    if order not in ORDERS:
        raise unknown("order", order, ORDERS)
    conditions = [_condition_of_tag(store, check_text(tag, LONGEST_NOTE)) for tag in tags]
    words = search[:LONGEST_SEARCH].replace("\0", " ").casefold().split()
    conditions += [CaseRow.search_text.contains(word, autoescape=True) for word in words]
    if dataset is not None:
        conditions.append(CaseRow.dataset == dataset)
    with store.read() as session:
        total = session.scalar(select(func.count()).select_from(CaseRow).where(*conditions)) or 0
        # The ids are sorted first and alone: long notes would be sorted with them.
        chosen = select(CaseRow.id).where(*conditions).order_by(*ORDERS[order][1]).offset(offset).limit(limit).subquery()
        wanted = _select_cases().join(chosen, chosen.c.id == CaseRow.id).order_by(*ORDERS[order][1])
        return CaseListPage(tuple(_to_case(*row) for row in session.execute(wanted)), total)


def count_tags(store: Store, account: Account) -> dict[str, int]:
    """Return the tags of all cases with their numbers of cases, the most frequent first."""
    check_allowed(account, "view")
    tag = _tags_as_rows(store)
    counted = select(tag.c.value, func.count()).select_from(CaseRow).join(tag, tag.c.value.is_not(None)).group_by(tag.c.value)
    with store.read() as session:
        found = session.execute(counted).all()
    return {str(name): int(count) for name, count in sorted(found, key=lambda each: (-each[1], each[0].casefold(), each[0]))}


def _write_text(row: CaseRow, note: str, tags: Sequence[str]) -> None:
    row.note, row.tags = check_note(note), list(clean_tags(tags))
    row.search_text = join_search_text(row.dataset, row.checkpoint, row.user_id, row.note, row.tags)


def _select_cases() -> Select[CaseRow, str, str]:
    return (
        select(CaseRow, KEEPER.name, CHANGER.name)
        .join(KEEPER, KEEPER.id == CaseRow.account_id)
        .outerjoin(CHANGER, CHANGER.id == CaseRow.changed_by)
    )


def _load(session: Session, case_id: str) -> Case:
    is_id = len(case_id) == ID_LENGTH and case_id.isalnum()
    found = session.execute(_select_cases().where(CaseRow.id == case_id)).one_or_none() if is_id else None
    if found is None:
        raise DataError(_("there is no case {id}; it may have been deleted, or the link is not whole", id=case_id[:40]))
    return _to_case(*found)


def _to_case(row: CaseRow, kept_by: str, changed_by: str | None) -> Case:
    view = View(**{name: getattr(row, name) for name in VIEW_FIELDS})
    return Case(row.id, view, row.note, tuple(row.tags), kept_by, row.created, row.revision, changed_by, row.changed, row.account_id)


def _changed_meanwhile(current: Case) -> CaseChangedError:
    moment = local_time(current.changed or current.created, 0.0)
    assert moment is not None
    values = {"name": current.changed_by or _("an erased account"), "moment": format_moment(moment)}
    if current.changed_by == LOCAL:  # nobody has signed in, so there is no name to tell
        message = _(
            "This case was changed in another window on {moment} (UTC) while you were editing it; nothing of yours was saved yet", **values
        )
        return CaseChangedError(message, current)
    message = _("{name} changed this case on {moment} (UTC) while you were editing it; nothing of yours was saved yet", **values)
    return CaseChangedError(message, current)


def _record_if_foreign(session: Session, account: Account, action: str, case: Case) -> None:
    if case.account_id != account.id:
        record_action(session, account, action, f"{case.id} of {case.account_id}")


def _tags_as_rows(store: Store) -> TableValuedAlias:
    return TAG_FUNCTIONS[store.dialect](CaseRow.tags).table_valued("value")


def _condition_of_tag(store: Store, wanted: str) -> ColumnElement[bool]:
    tag = _tags_as_rows(store)
    return exists(select(1).select_from(tag).where(tag.c.value == wanted).correlate(CaseRow))
