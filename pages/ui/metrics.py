"""Metrics, durations and protocols as HTML."""

from collections.abc import Mapping

PROTOCOLS = {
    "last-out": "each person’s last event is the test, the one before it validation",
    "temporal": "one cut in time for everybody: learnt from the first 80 % of events, validated on the next 10 %, tested on the last 10 %",
}


def metric_html(metrics: Mapping[str, float], intervals: Mapping[str, tuple[float, float]], name: str) -> str:
    """HTML: a figure and, small, its interval."""
    if metrics.get(name) is None:
        return "–"
    low, high = intervals.get(name, (None, None))
    interval = f"<small>{low:.3f} to {high:.3f}</small>" if low is not None and high is not None else ""
    return f"{metrics[name]:.3f}{interval}"


def format_train_time(seconds: float) -> str:
    if seconds < 1:
        return "< 1 s"
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def format_latency(milliseconds: float) -> str:
    """HTML: the time of a request."""
    return "&lt; 0.1 ms" if milliseconds < 0.1 else f"{milliseconds:.1f} ms"
