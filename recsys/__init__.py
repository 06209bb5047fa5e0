"""Recscope: explore, demonstrate and debug recommenders. The library does not depend on the user interface.

The names below are the public API. Each is imported on first use, so that `import recsys` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recsys.api import load, recommend, replay_history
    from recsys.datasets import open_dataset
    from recsys.explain import explain_recommendation as explain
    from recsys.explain.shap_values import to_shap
    from recsys.model_import.python_code import recommender
    from recsys.running_app import App, show

__version__ = "0.1.0"

__all__ = ["App", "explain", "load", "open_dataset", "recommend", "recommender", "replay_history", "show", "to_shap"]

_MODULES = {
    "App": "recsys.running_app",
    "load": "recsys.api",
    "open_dataset": "recsys.datasets",
    "recommend": "recsys.api",
    "recommender": "recsys.model_import.python_code",
    "replay_history": "recsys.api",
    "show": "recsys.running_app",
    "to_shap": "recsys.explain.shap_values",
}


def __getattr__(name: str) -> Any:
    if name == "explain":
        return import_module("recsys.explain")  # a package that can be called
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
