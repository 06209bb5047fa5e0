"""Checks of settings that many configs share; each names the setting and gives an example."""

from typing import Any

from recsys.errors import DataError


def check_above_zero(config: Any, *names: str) -> None:
    """These settings must be above 0."""
    for name in names:
        if not getattr(config, name) > 0:
            raise DataError(f"setting {name}={getattr(config, name)} must be above 0, for example {name}={_default(config, name)}")


def check_at_least(least: float, config: Any, *names: str) -> None:
    """These settings must not be below `least`."""
    for name in names:
        if not getattr(config, name) >= least:
            raise DataError(f"setting {name}={getattr(config, name)} must be at least {least}, for example {name}={_default(config, name)}")


def check_share(config: Any, *names: str) -> None:
    """These settings must be at least 0 and below 1."""
    for name in names:
        if not 0 <= getattr(config, name) < 1:
            raise DataError(
                f"setting {name}={getattr(config, name)} must be at least 0 and below 1, for example {name}={_default(config, name)}"
            )


def _default(config: Any, name: str) -> Any:
    return type(config).__dataclass_fields__[name].default
