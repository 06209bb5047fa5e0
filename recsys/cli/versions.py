"""The `versions` command: list, promote, roll back, compare and delete the versions of a checkpoint."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from recsys.cli.console import DatasetName, Json, show, table

if TYPE_CHECKING:
    from recsys.database.engine import Store
    from recsys.feedback.versions import Version


def run(
    action: Annotated[
        Literal["list", "promote", "roll-back", "diff", "delete"],
        typer.Argument(metavar="ACTION", help="list, promote, roll-back, diff or delete."),
    ],
    name: Annotated[str, typer.Argument(metavar="NAME", help="A version, such as association@2; association@1 is the trained one.")],
    dataset: DatasetName,
    other: Annotated[
        str | None, typer.Option("--from", metavar="NAME", help="The version to compare with; by default the parent. For diff.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List, promote, roll back, compare or delete versions of a checkpoint.

    A plain name means the version that was promoted last. What is done is recorded with its time and account.
    """
    from recsys.accounts.account import open_local_account
    from recsys.database.engine import open_store
    from recsys.feedback import versions

    store = open_store()
    if action == "diff":
        _compare(store, name, dataset, other, as_json)
        return
    account = open_local_account(store)
    if action == "promote":
        versions.promote_version(store, account, dataset, name)
    elif action == "roll-back":
        versions.roll_back(store, account, dataset, name)
    elif action == "delete":
        versions.delete_version(store, account, dataset, name)
    found = versions.list_versions(store, dataset, name)
    show({"versions": [asdict(each) for each in found]}, as_json, table(_COLUMNS, [_row(each) for each in found]), _describe(found))


_COLUMNS = ("version", "parent", "made", "by", "learnt from", "ndcg@10", "feedback", "current")


def _row(version: "Version") -> tuple[Any, ...]:
    made = _format_time(version.created)
    learnt = version.trained_on.get("n_feedback")
    return (
        version.name, version.parent, made, version.account or None, None if learnt is None else f"{learnt:,} answers",
        version.validation.get("ndcg@10"), version.feedback, "yes" if version.is_in_use else "",
    )  # fmt: skip


def _describe(found: "list[Version]") -> str:
    return next(f"{each.checkpoint} means {each.full_name}" for each in found if each.is_in_use)


def _compare(store: "Store", name: str, dataset: str, other: str | None, as_json: bool) -> None:
    from recsys.datasets import open_dataset
    from recsys.feedback.version_diff import diff_versions

    found = diff_versions(store, open_dataset(dataset), name, other)
    rows = [(metric, *pair, pair[1] - pair[0]) for metric, pair in found.metrics.items()]
    show(
        asdict(found),
        as_json,
        table(("validation", found.first, found.second, "difference"), rows),
        *(f"{key}: {_tell(key, old)} before, {_tell(key, new)} after" for key, (old, new) in {**found.config, **found.trained_on}.items()),
        f"feedback on its lists: {found.feedback[0]:,} and {found.feedback[1]:,} answers",
        f"same items in the lists of ten of {found.users:,} users: {found.overlap:.0%}",
    )


def _tell(key: str, value: Any) -> str:
    return "none" if value is None else _format_time(value) if key in _TIMES else str(value)


_TIMES = ("since", "until")
"""What is known of the training data in seconds UTC: a refit learnt from the feedback between these."""


def _format_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
