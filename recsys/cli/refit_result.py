"""The lines that the `refit` command prints: the change of every metric, the off-policy estimate, and the version that was made."""

from collections.abc import Mapping
from typing import Any

from recsys.cli.console import table


def list_result_lines(result: Mapping[str, Any], dataset: str) -> list[str]:
    """Return the lines of the result of a refit, as `refit_as_json` gives it."""
    lines = [
        f"{result['checkpoint']} learnt from {result['n_feedback']:,} answers of {_count_accounts(result['n_accounts'])}; "
        f"held out: {result['n_held_out']:,} answers of {_count_accounts(result['n_held_out_accounts'])}"
    ]
    rows = [*_rows("validation", result["validation"]), *_rows("held-out feedback", result["held_out"])]
    lines.append(table(("events", "metric", "before", "after", "difference", "from", "to (95 %)"), rows))
    if not result["n_held_out_accounts"]:
        lines.append("there is feedback of one account only, so none could be held out")
    elif not result["held_out"]:
        lines.append("no held-out list has both wanted and unwanted items, so nothing can be compared on them")
    lines += _off_policy_lines(result["off_policy"])
    name = result["name"]
    lines.append(f"made {name} in {result['seconds']:.0f} s; use it with: python -m recsys versions promote {name} {dataset}")
    return lines


def _count_accounts(count: int) -> str:
    return f"{count:,} account{'' if count == 1 else 's'}"


def _rows(where: str, changes: Mapping[str, Mapping[str, float | None]]) -> list[tuple[Any, ...]]:
    return [(where, name, *(None if value is None else round(value, 4) for value in each.values())) for name, each in changes.items()]


def _off_policy_lines(found: Mapping[str, Any] | None) -> list[str]:
    from recsys.feedback.off_policy import ASSUMPTIONS, MOST_WEIGHT

    if found is None:
        return []
    interval = "" if found["low"] is None else f" [{found['low']:+.4f}, {found['high']:+.4f}]"
    return [
        f"off-policy (position-weighted SNIPS, {found['lists']:,} held-out lists): wanted when examined {found['shown']:.4f} as shown, "
        f"{found['new']:.4f} in the new order, {found['difference']:+.4f}{interval}; {found['clipped']:.1%} of the weights clipped",
        ASSUMPTIONS.format(limit=f"{MOST_WEIGHT:g}"),
    ]
