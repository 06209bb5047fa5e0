"""A file of the user's own as a Source: its rows, by the plan of its import, in the table `raw`."""

from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from recsys.datasets.importing.ids import id_sql, repair_ids
from recsys.datasets.importing.import_plan import ID_ROLES, ImportPlan, make_plan
from recsys.datasets.importing.options import Options
from recsys.datasets.importing.row_choices import apply_row_kinds, check_choices, flag_columns
from recsys.datasets.source import Source, quote_name, reading_errors


def read(con: duckdb.DuckDBPyConnection, path: Path, options: Options) -> Source:
    """Fill the table `raw` from a file, by the choices in `options` and, where they leave it open, by what the file says.

    Raises:
        QuestionError: the file can be read in several ways, and the options do not say in which.
    """
    check_choices(dict(options.rows))
    with TemporaryDirectory() as work:
        plan = make_plan(con, path, Path(work), options)
        if plan.question is not None:
            raise plan.question
        with reading_errors(path):
            con.execute(f"CREATE TABLE raw AS SELECT {', '.join(_selected(plan))} FROM {plan.sql}")
    choices = dict(options.rows)
    ids = {role: plan.mapping[role] for role in ID_ROLES}
    checks = (
        *repair_ids(con, path.name, ids, choices),
        *apply_row_kinds(con, plan.kinds, choices, dict(options.behaviours)),
    )
    return Source(path.name, plan.mapping, notes=(*plan.notes, *checks), reading=plan)


def _selected(plan: ImportPlan) -> list[str]:
    """Return the SQL of each role, and of the flags that tell kinds of rows apart."""
    values = {
        role: id_sql(column, plan.columns) if role in ID_ROLES else f"CAST({quote_name(column)} AS VARCHAR)"
        for role, column in plan.mapping.items()
    }
    return [*(f"{value} AS {quote_name(role)}" for role, value in values.items()), *flag_columns(plan.kinds)]
