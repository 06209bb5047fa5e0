"""Settings shared by many configs, and checks whose errors name the setting and give an example."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recsys.core.errors import DataError
from recsys.core.formatting import join_words
from recsys.core.translation import _


def check_positive(config: Any, *names: str) -> None:
    """Raise a DataError unless these settings are above 0."""
    for name in names:
        if not getattr(config, name) > 0:
            raise DataError(
                _(
                    "setting {name}={value} is not above 0; give for example {name}={example}",
                    name=name,
                    value=getattr(config, name),
                    example=_default(config, name),
                )
            )


def check_at_least(least: float, config: Any, *names: str) -> None:
    """Raise a DataError if one of these settings is below `least`."""
    for name in names:
        if not getattr(config, name) >= least:
            raise DataError(
                _(
                    "setting {name}={value} is below {least}; give for example {name}={example}",
                    name=name,
                    value=getattr(config, name),
                    least=least,
                    example=_default(config, name),
                )
            )


def check_share(config: Any, *names: str) -> None:
    """Raise a DataError unless these settings are at least 0 and below 1."""
    for name in names:
        if not 0 <= getattr(config, name) < 1:
            raise DataError(
                _(
                    "setting {name}={value} is not at least 0 and below 1; give for example {name}={example}",
                    name=name,
                    value=getattr(config, name),
                    example=_default(config, name),
                )
            )


def check_between(least: float, most: float, config: Any, *names: str) -> None:
    """Raise a DataError unless these settings are from `least` to `most`."""
    for name in names:
        if not least <= getattr(config, name) <= most:
            raise DataError(
                _(
                    "setting {name}={value} is not from {least} to {most}; give for example {name}={example}",
                    name=name,
                    value=getattr(config, name),
                    least=least,
                    most=most,
                    example=_default(config, name),
                )
            )


def check_choice(choices: Sequence[str], config: Any, name: str) -> None:
    """Raise a DataError unless this setting is one of the choices."""
    if getattr(config, name) not in choices:
        raise DataError(
            _(
                "setting {name}={value} is not one of {choices}; choose one of them",
                name=name,
                value=getattr(config, name),
                choices=join_words(choices, "or"),
            )
        )


@dataclass(frozen=True)
class GradientConfig:
    """Settings of training by gradient: `batch_tokens` events per step; `patience` epochs without a better validation score end training."""

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
        check_between(0, 1000, self, "weight_decay")
        check_positive(self, "learning_rate")
        check_between(0, 1000, self, "learning_rate")


def _default(config: Any, name: str) -> Any:
    return type(config).__dataclass_fields__[name].default
