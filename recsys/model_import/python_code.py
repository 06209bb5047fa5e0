"""Recommenders in Python: an object or function named on the command line, or given to `recsys.show`.

Only the person who starts the program names code; no file, upload or page ever does.
"""

import importlib
import inspect
import os
import sys
import threading
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from recsys.core import Dataset
from recsys.core.errors import DataError
from recsys.core.split import default_protocol, split_interactions
from recsys.core.translation import _
from recsys.model_import.matching import match_items, to_ids
from recsys.models.imported.python_model import Parameter, PythonConfig, PythonLists, PythonModel, PythonRecommender, call_code
from recsys.training.checkpoints import LoadedCheckpoint
from recsys.training.live_models import find_live_model, register_live_model
from recsys.training.new_card import make_card

ENVIRONMENT = "RECSCOPE_MODELS"
"""Variable that tells a server the code that was named on its command line, separated by spaces."""
PATIENCE = 120.0  # seconds that a factory may take
_PARAMETERS = "recsys_parameters"


def recommender(function: Callable[..., Any] | None = None, **parameters: Parameter | tuple[float, float, float]) -> Any:
    """Declare a function as a recommender, with its adjustable numbers as (low, high, default) for the sliders of the app.

    The function takes `(user_id, history, k)` and returns item ids, best first, or takes `(histories)` and returns scores (n, items), as
    the names of its arguments say. Use it as `@recommender` or `@recommender(alpha=(0, 1, 0.5))`.
    """
    declared = {name: _read_parameter("the function", name, each) for name, each in parameters.items()}

    def declare(target: Callable[..., Any]) -> Callable[..., Any]:
        setattr(target, _PARAMETERS, declared)
        return target

    return declare if function is None else declare(function)


def is_code(name: str) -> bool:
    """Return whether a name is that of code: package.module:factory."""
    module, separator, factory = name.partition(":")
    return bool(separator) and all(part.isidentifier() for part in (*module.split("."), *factory.split(".")))


def open_code(name: str, dataset: Dataset) -> LoadedCheckpoint:
    """Import code by its name, package.module:factory, and return the model that it makes for a dataset, made once."""
    known = find_live_model(dataset.name, name)
    if known is not None and known.card.dataset_fingerprint == dataset.fingerprint:
        return known
    return wrap_model(call_code(name, _make, name, dataset), dataset, name)


def open_named_code(dataset: Dataset) -> None:
    """Make the models that were named on the command line of this server available for a dataset."""
    for name in os.environ.get(ENVIRONMENT, "").split():
        open_code(name, dataset)


def wrap_model(thing: Any, dataset: Dataset, name: str) -> LoadedCheckpoint:
    """Return an object with `score(histories)` or `recommend(user_id, history, k)`, or such a function, as a model of this process.

    `item_ids` of the object are the columns of its scores; without them these are the items of the dataset in its order.
    """
    model, identity = call_code(name, _adapt, thing, dataset, name), uuid.uuid4().hex  # measured anew in every process: code changes
    split = split_interactions(dataset, default_protocol(dataset))
    card = make_card(name, "code", dataset, split, model.config, None, source={"format": "code", "file": name}, seal=identity)
    loaded = LoadedCheckpoint(model, card, identity, Path(), "cpu")
    register_live_model(loaded)
    return loaded


def _adapt(thing: Any, dataset: Dataset, name: str) -> PythonRecommender:
    config = PythonConfig(name)
    declared = getattr(thing, _PARAMETERS, None) or getattr(thing, "parameters", None)
    # those of a PyTorch module are a method
    parameters = {key: _read_parameter(name, key, each) for key, each in declared.items()} if isinstance(declared, Mapping) else {}
    score, recommend = getattr(thing, "score", None), getattr(thing, "recommend", None)
    if not callable(score) and not callable(recommend) and callable(thing) and not isinstance(thing, type):
        arguments = _argument_names(thing)
        score, recommend = (thing, None) if "histories" in arguments else (None, thing)
    for method, wanted in ((score, ("histories",)), (None if callable(score) else recommend, ("user_id", "history", "k"))):
        if callable(method):
            _check_arguments(method, wanted, parameters, name)
    if callable(score):
        own = getattr(thing, "item_ids", None)
        columns = np.arange(len(dataset.item_ids)) if own is None else match_items(to_ids(own), dataset, 0.0).columns
        return PythonModel(dataset.item_ids, config, lambda histories, values: score(histories, **values), columns, parameters)
    if callable(recommend):
        return PythonLists(dataset.item_ids, config, lambda user, history, k, values: recommend(user, history, k, **values), parameters)
    raise DataError(
        _("'{model}' has neither score(histories) nor recommend(user_id, history, k); give it one of these methods", model=name)
    )


def _check_arguments(function: Callable[..., Any], wanted: tuple[str, ...], parameters: Mapping[str, Parameter], name: str) -> None:
    """Raise a DataError if a function cannot be called with the arguments that a recommender gets, as `score(X, y)` of scikit-learn."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*wanted, **dict.fromkeys(parameters))
    except TypeError as error:
        raise DataError(
            _(
                "{model} has the arguments {signature}, but a recommender is called as recommend(user_id, history, k) or score(histories); write a function with these arguments around it",
                model=name,
                signature=str(signature),
            )
        ) from error


def _is_recommender(function: Any) -> bool:
    """Return whether a function without the decorator is a recommender and not a factory, by the names of its arguments."""
    names = set(_argument_names(function))
    return not isinstance(function, type) and ("histories" in names or "history" in names)


def _read_parameter(name: str, key: str, given: Any) -> Parameter:
    if isinstance(given, Parameter):
        return given
    try:
        low, high, default = map(float, given)
    except (TypeError, ValueError) as error:
        raise DataError(
            _(
                "{model}: parameter {name} is {value}; give its lowest, highest and default number, like (0, 1, 0.5)",
                model=name,
                name=key,
                value=given,
            )
        ) from error
    return Parameter(low, high, default)


def _argument_names(function: Callable[..., Any]) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # some built-in functions have no signature
        return []


def _make(name: str, dataset: Dataset) -> Any:
    """Import a module and call the factory, with the dataset if it takes an argument; it may take two minutes."""
    found = _call_in_time(name, lambda: _import(name))
    if hasattr(found, _PARAMETERS) or (not isinstance(found, type) and (hasattr(found, "score") or hasattr(found, "recommend"))):
        return found  # a recommender itself, not a factory
    if not callable(found) or _is_recommender(found):
        return found
    return _call_in_time(name, found, *((dataset,) if _argument_names(found) else ()))


def _import(name: str) -> Any:
    module_name, _separator, attribute = name.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")  # code beside the person who runs the command
    try:
        found: Any = importlib.import_module(module_name)
        for part in attribute.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise DataError(
            _("{name} cannot be imported: {reason}; name code like package.module:factory", name=name, reason=str(error))
        ) from error
    except (Exception, SystemExit) as error:
        raise DataError(
            _(
                "{name} failed while it was imported: {kind}: {reason}",
                name=name,
                kind=type(error).__name__,
                reason=" ".join(str(error).split()),
            )
        ) from error
    return found


def _call_in_time(name: str, function: Callable[..., Any], *arguments: Any) -> Any:
    result: list[Any] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            result.append(call_code(name, function, *arguments))
        except BaseException as error:  # raised again in the thread that waits
            failure.append(error)

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    worker.join(PATIENCE)
    if failure:
        raise failure[0]
    if not result:
        raise DataError(_("{name} did not return a model within {seconds} seconds", name=name, seconds=round(PATIENCE)))
    return result[0]
