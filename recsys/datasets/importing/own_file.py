"""A file of the user's own as a Source: its rows, by the plan of its import, in the table `raw`."""

from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from recsys.datasets.importing.ids import id_sql, is_missing, repair_ids
from recsys.datasets.importing.import_plan import ID_ROLES, ImportPlan, make_plan
from recsys.datasets.importing.options import Options
from recsys.datasets.importing.row_choices import apply_row_kinds, check_choices, flag_columns
from recsys.datasets.importing.side_tables import SideKey, SideTable, read_side_table
from recsys.datasets.source import Source, quote_name, reading_errors


def read(con: duckdb.DuckDBPyConnection, path: Path, options: Options, image_folder: Path | None = None) -> Source:
    """Fill the table `raw` from a file, by the choices in `options` and, where these leave it open, by the file itself.

    Pictures are looked for in `image_folder`, by default the folder of the file that names them.

    Raises:
        QuestionError: the file can be read in several ways, and the options do not say in which.
    """
    check_choices(dict(options.rows))
    with TemporaryDirectory() as work:
        plan = make_plan(con, path, Path(work), options)
        if plan.question is not None:
            raise plan.question
        with reading_errors(path):
            con.execute(f"CREATE TABLE raw AS SELECT {', '.join(_select_list(plan))} FROM {plan.sql}")
    choices = dict(options.rows)
    ids = {role: plan.mapping[role] for role in ID_ROLES}
    checks = (
        *repair_ids(con, path.name, ids, choices),
        *apply_row_kinds(con, plan.kinds, choices, dict(options.behaviours)),
    )
    items_file = _side_file(path, options.items, ".item")
    items = _read_side_table(con, items_file, "item_id")
    users = _read_side_table(con, _side_file(path, options.users, ".user"), "user_id")
    checks += tuple(check for table in (items, users) if table for check in table.checks)
    tables = {"items": items.frame if items else None, "users": users.frame if users else None}
    named_in = items_file if items is not None and items_file is not None and "image" in items.frame else path
    folder = image_folder or named_in.parent
    return Source(path.name, plan.mapping, **tables, notes=(*plan.notes, *checks), reading=plan, image_folder=folder)


def side_files(path: Path, options: Options) -> list[Path]:
    """Return the files that describe items and users: those given, or those that RecBole's format has beside the `.inter` file."""
    files = (_side_file(path, options.items, ".item"), _side_file(path, options.users, ".user"))
    return [file for file in files if file is not None]


def _side_file(path: Path, given: str | None, ending: str) -> Path | None:
    """Return the file that is given, else the one of this ending beside an `.inter` file, if there is one."""
    beside = path.with_suffix(ending)
    return Path(given) if given else beside if path.suffix == ".inter" and beside.is_file() else None


def _read_side_table(con: duckdb.DuckDBPyConnection, file: Path | None, key: SideKey) -> SideTable | None:
    if file is None:
        return None
    ids = con.execute(f"SELECT DISTINCT trim({key}) AS id FROM raw WHERE NOT {is_missing(key)}").df()["id"]
    return read_side_table(file, key, ids.tolist())


def _select_list(plan: ImportPlan) -> list[str]:
    """Return the SQL of each column of `raw`: the roles, and the flags that tell kinds of rows apart."""
    values = {
        role: id_sql(column, plan.columns) if role in ID_ROLES else f"CAST({quote_name(column)} AS VARCHAR)"
        for role, column in plan.mapping.items()
    }
    return [*(f"{value} AS {quote_name(role)}" for role, value in values.items()), *flag_columns(plan.kinds)]
