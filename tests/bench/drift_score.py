"""F1 of the changes found in a city simulated with a seed nothing was tuned on; reference: the better of the two plain baselines.

All bars are said on standard error, with 95 % intervals over people.
"""

from typing import Any

from recsys.cli.console import say
from recsys.drift.benchmark.run import benchmark_city
from recsys.simulation import simulate_city
from tests.bench._timing import measured

SEED, PEOPLE = 301, 400


def measure() -> dict[str, Any]:
    city = simulate_city(seed=SEED, people=PEOPLE)
    found = next(each for each in benchmark_city(city.dataset, city.truth) if isinstance(each, dict))
    for name, figures in {"recscope": found, **found["baselines"]}.items():
        low, high = figures["intervals"].get("precision", (0, 0))
        left, right = figures["intervals"].get("recall", (0, 0))
        say(
            f"{name}: precision {figures['precision'] or 0:.2f} [{low:.2f}, {high:.2f}], recall {figures['recall'] or 0:.2f} [{left:.2f}, {right:.2f}], "
            f"delay {figures['median_delay_days'] or 0:.0f} days, {figures['false_alarms_per_stable_user'] or 0:.3f} false alarms a stable person"
        )
    for part in ("by_kind", "by_size", "by_activity"):
        say(f"{part}: " + ", ".join(f"{name} {each['recall'] or 0:.2f} of {each['changes']}" for name, each in found[part].items()))
    return measured(found["f1"], "F1", max(each["f1"] for each in found["baselines"].values()))
