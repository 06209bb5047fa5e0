"""Settings that many configs share, and their checks; each names the setting and gives an example."""

from dataclasses import dataclass
from typing import Any

from recsys.core.errors import DataError


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


@dataclass(frozen=True)
class GradientConfig:
    """How a model learns by gradient. `batch_tokens` events go into one step, `patience` counts epochs without a better validation."""

    embedding_size: int = 64
    dropout: float = 0.2
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    batch_tokens: int = 8000
    epochs: int = 60
    patience: int = 10

    def __post_init__(self) -> None:
        check_at_least(1, self, "embedding_size", "batch_tokens", "epochs", "patience")
        check_share(self, "dropout")
        check_at_least(0, self, "weight_decay")
        check_above_zero(self, "learning_rate")


def _default(config: Any, name: str) -> Any:
    return type(config).__dataclass_fields__[name].default
