"""The card of a prepared dataset, printed by the commands that write one."""

from typing import TYPE_CHECKING, Any

from recsys.cli.console import show, table
from recsys.cli.file_reading import describe_reading, list_reading

if TYPE_CHECKING:
    from recsys.core import Check
    from recsys.datasets import DatasetCard
    from recsys.datasets.importing.import_plan import ImportPlan

KEYS = ("name", "fingerprint", "interactions", "users", "items", "first", "last", "has", "ties", "tied_events", "checks")


def show_prepared(card: "DatasetCard", as_json: bool, plan: "ImportPlan | None" = None) -> None:
    """Print the reading of the file if there was one, the counts of the dataset and the report of its cleaning."""
    from recsys.core.moments import count_shared

    result: dict[str, Any] = {key: getattr(card, key) for key in KEYS}
    result["checks"] = [{"check": _line(check), "rows": check.rows, "action": check.action} for check in card.checks]
    show(
        result | (list_reading(plan) if plan else {}),
        as_json,
        *(describe_reading(plan) if plan else ()),
        f"{card.name}: {card.interactions:,} interactions, {card.users:,} users, {card.items:,} items; {', '.join(card.has)}",
        table(("check", "rows", "action"), [(_line(check), check.rows, check.action) for check in card.checks]),
        count_shared(card.tied_events, card.interactions or 0),
    )


def _line(check: "Check") -> str:
    """Return a line of the report, with the option that treats these rows otherwise."""
    from recsys.datasets.importing.row_choices import list_choices

    if check.choice == "behaviours":
        return f"{check.text} (--behaviours NAME=positive|impression|delete,…)"
    choices = list_choices(check.choice)
    return f"{check.text} (--rows {check.choice}={'|'.join(choices)})" if choices else check.text
