"""Settings of drift detection that would silently find nothing, or anything, are errors."""

from typing import Any

import pytest

from recsys.core.errors import DataError
from recsys.drift import DetectionConfig


@pytest.mark.parametrize(
    "settings",
    [
        {"min_events": 0},
        {"alpha": 1.5},
        {"alpha": 0.1},
        {"shuffles": 50, "window_alpha": 0.01},
        {"min_days": (42.0, 21.0)},
        {"ramp_days": (30, 60)},
        {"season_months": (12,)},
    ],
)
def test_invalid_settings_are_named(settings: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=f"setting {next(iter(settings))}="):
        DetectionConfig(**settings)
