"""The treatment of kinds of rows: each kind that occurs is counted, then kept, dropped, emptied or taken as a deletion."""

from collections.abc import Mapping, Sequence

import duckdb

from recsys.core import Check
from recsys.core.errors import DataError, unknown
from recsys.core.translation import N_, _
from recsys.datasets.importing.behaviours import create_behaviours, describe_behaviours
from recsys.datasets.importing.ids import SCIENTIFIC, is_missing
from recsys.datasets.importing.row_kinds import KINDS, SHORT_PLAY, RowKind
from recsys.datasets.source import query_count, quote_name

UNREADABLE_TIMES, ODD_TIMES = "unreadable-times", "odd-times"
_PLAYS = "short-plays"
_CHOICES: dict[str, tuple[str, ...]] = {**KINDS, SCIENTIFIC: ("keep",), UNREADABLE_TIMES: ("drop",), ODD_TIMES: ("keep", "drop")}
_HAS_IDS = f"NOT {is_missing('user_id')} AND NOT {is_missing('item_id')}"
_ACTIONS = {"keep": "kept", "drop": "dropped", "empty": "emptied", "delete": "dropped"}
_EXAMPLE_LENGTH = 40


def check_choices(choices: Mapping[str, str]) -> None:
    """Raise an error for a choice that no kind of rows has; a kind that the file does not have is allowed."""
    known = _CHOICES
    for key, choice in choices.items():
        if key not in known:
            raise unknown("kind of rows", key, known)
        if choice not in known[key] and not (key == _PLAYS and _is_number(choice)):
            raise DataError(
                _(
                    "rows of the kind {kind} cannot be '{choice}'; choose one of {choices}",
                    kind=key,
                    choice=choice,
                    choices=", ".join(known[key]),
                )
            )


def list_choices(kind: str) -> tuple[str, ...]:
    """Return the choices for a kind of rows, the default first; none for what is not a kind."""
    return _CHOICES.get(kind, ())


def short_play_seconds(choices: Mapping[str, str]) -> float:
    """Return the length below which a play is short: `short-plays=10` drops plays under 10 seconds, `short-plays=drop` those under 30."""
    choice = choices.get(_PLAYS, "")
    return float(choice) if _is_number(choice) else SHORT_PLAY


def _is_number(choice: str) -> bool:
    return choice.replace(".", "", 1).isdecimal()


def flag_columns(kinds: Sequence[RowKind]) -> list[str]:
    """Return for the SELECT that creates `raw` a column per kind told by other columns: its value in rows of the kind, else NULL."""
    return [
        f"CASE WHEN {kind.condition} THEN left(trim(CAST({quote_name(kind.column)} AS VARCHAR)), {_EXAMPLE_LENGTH}) END AS kind_{number}"
        for number, kind in enumerate(kinds)
        if kind.role is None
    ]


def apply_row_kinds(
    con: duckdb.DuckDBPyConnection, kinds: Sequence[RowKind], choices: Mapping[str, str], behaviours: Mapping[str, str] | None = None
) -> tuple[Check, ...]:
    """Treat the rows of each kind in `raw` by the choices, else by the defaults, and remove the columns of `flag_columns`.

    Only rows with a user and an item count, as the others are dropped anyway, and a row that one kind drops is not counted by the
    next. With the choice delete the rows stay, marked in a column `deletes`, until `remove_deleted` has found what they take back. `behaviours` are the meanings
    given to `guess_row_kinds`; the report begins with the rows of each behaviour.
    """
    check_choices(choices)
    checks: list[Check] = []
    if any(kind.role == "behaviour" for kind in kinds):
        create_behaviours(con)
        checks += describe_behaviours(con, behaviours or {})
    for number, kind in enumerate(kinds):
        rows, example = _count_rows(con, number, kind)
        if rows:
            choice = choices.get(kind.key, kind.default)
            choice = "drop" if _is_number(choice) else choice
            _treat(con, f"{_flag(number, kind)} AND {_HAS_IDS}", kind, choice)
            values = {"column": kind.column, "example": example, **kind.values}
            checks.append(Check(kind.check, rows, _ACTIONS[choice], values, kind.key))
        if kind.role is None:
            con.execute(f"ALTER TABLE raw DROP COLUMN kind_{number}")
    return tuple(checks)


def _flag(number: int, kind: RowKind) -> str:
    """Return the SQL that tells the rows of a kind in `raw`."""
    return f"({kind.condition})" if kind.role else f"(kind_{number} IS NOT NULL)"


def _count_rows(con: duckdb.DuckDBPyConnection, number: int, kind: RowKind) -> tuple[int, str]:
    """Return the number of rows of a kind, 0 where the others show that they do not mean it, and a value of its column as an example."""
    flag = _flag(number, kind)
    example = f"left(trim(max({kind.role or f'kind_{number}'})), {_EXAMPLE_LENGTH})"
    rows, value = con.execute(f"SELECT count(*), {example} FROM raw WHERE {flag} AND {_HAS_IDS}").fetchone() or (0, None)
    if rows and not (con.execute(f"SELECT {kind.confirm.format(flag=flag)} FROM raw").fetchone() or (None,))[0]:
        rows = 0
    return rows, value or ""


def _treat(con: duckdb.DuckDBPyConnection, where: str, kind: RowKind, choice: str) -> None:
    if choice == "drop":
        con.execute(f"DELETE FROM raw WHERE {where}")
    elif choice == "empty":
        con.execute(f"UPDATE raw SET {', '.join(f'{role} = NULL' for role in kind.emptied)} WHERE {where}")
    elif choice == "delete":
        con.execute("ALTER TABLE raw ADD COLUMN IF NOT EXISTS deletes BOOLEAN")
        con.execute(f"UPDATE raw SET deletes = true WHERE {where}")


def remove_deleted(con: duckdb.DuckDBPyConnection) -> tuple[Check, ...]:
    """Remove from `events` the rows that delete, and before each of them all events of the same user and item.

    To be called when `events` has its times, before the cleaning; without times the order of the file counts.
    """
    if not query_count(con, "SELECT count(*) FROM duckdb_columns() WHERE table_name = 'raw' AND column_name = 'deletes'"):
        return ()
    moment = "COALESCE(epoch_us(events.timestamp), events.position, events.row)"
    con.execute(
        f"""
        CREATE TEMP TABLE deletions AS SELECT user_code, item_code, max({{'moment': {moment}, 'row': events.row}}) AS last
        FROM events JOIN raw ON raw.rowid = events.row WHERE raw.deletes GROUP BY user_code, item_code
        """
    )
    con.execute(
        f"""
        CREATE TEMP TABLE deleted AS SELECT events.row FROM events JOIN deletions USING (user_code, item_code)
        WHERE {{'moment': {moment}, 'row': events.row}} <= last
        """
    )
    before = query_count(con, "SELECT count(*) FROM deleted JOIN raw ON raw.rowid = deleted.row WHERE raw.deletes IS NULL")
    con.execute("DELETE FROM events WHERE row IN (SELECT row FROM deleted)")
    con.execute("DROP TABLE deleted; DROP TABLE deletions; ALTER TABLE raw DROP COLUMN deletes")
    return (Check(N_("events taken back by a later row of the same user and item"), before, "dropped"),)
