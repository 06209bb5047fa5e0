"""Metrics, splits and protocols in words, and metrics, training times and latencies for tables; labels are translated where they are shown."""

from collections.abc import Mapping

from recsys.core.formatting import MISSING, format_fixed, format_number
from recsys.core.translation import N_, _

DEFAULT_METRIC = "ndcg@10"
METRICS = {"ndcg@10": "NDCG@10", "hr@10": N_("Hit rate@10"), "hr@1": N_("Hit rate@1"), "mrr": "MRR"}
METRIC_HELP = {
    "ndcg@10": N_("1 where the next item is first, lower the further down it ranks, 0 outside the top 10"),
    "hr@10": N_("share of events whose next item is in the top 10"),
    "hr@1": N_("share of events whose next item is first"),
    "mrr": N_("mean of 1 divided by the rank of the next item"),
}

SPLITS = {"validation": N_("Validation events"), "test": N_("Test events")}
SPLITS_IN_SENTENCES = {"train": N_("training events"), "validation": N_("validation events"), "test": N_("test events")}


def metric_html(metrics: Mapping[str, float], intervals: Mapping[str, tuple[float, float]], name: str) -> str:
    """Return a metric as HTML with its interval in small type below it; an en dash where it is not known."""
    if metrics.get(name) is None:
        return "–"
    low, high = intervals.get(name, (None, None))
    interval = f"<small>{format_interval(low, high)}</small>" if low is not None and high is not None else ""
    return f"{format_fixed(metrics[name], 3)}{interval}"


def format_interval(low: float, high: float, sign: bool = False) -> str:
    """Return "0.212 to 0.240"."""
    return _("{low} to {high}", low=format_fixed(low, 3, sign), high=format_fixed(high, 3, sign))


def format_train_time(seconds: float) -> str:
    """Return a training time for a table: < 1 s, 12 s, 3 min or 1.5 h; – for 0, that of a model that was imported."""
    if not seconds:
        return MISSING
    if seconds < 1:
        return _("< {count} s", count=format_number(1))
    if seconds < 90:
        return _("{count} s", count=format_number(seconds))
    if seconds < 5400:
        return _("{count} min", count=format_number(seconds / 60))
    return _("{count} h", count=format_fixed(seconds / 3600, 1))


def format_latency(milliseconds: float) -> str:
    """Return the time of one request for a table: < 0.1 ms or 3.2 ms."""
    if milliseconds < 0.1:
        return _("< {count} ms", count=format_fixed(0.1, 1))
    return _("{count} ms", count=format_fixed(milliseconds, 1))
