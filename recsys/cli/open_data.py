"""The `open` command: the app with a dataset, or with a file of the user's own."""

import inspect
from typing import Any

from recsys.api import load
from recsys.cli import prepare
from recsys.cli.console import say
from recsys.cli.dataset_card import show_prepared
from recsys.cli.serving import Browser, Host, ModelName, Port, serve
from recsys.core.errors import DataError


def run(
    source: str,
    model: ModelName = "",
    port: Port = None,
    host: Host = "127.0.0.1",
    browser: Browser = True,
    as_json: bool = False,
    **options: Any,
) -> None:
    """Open the app on the timeline of a dataset, or of a file of your own, which is prepared first.

    A file is read as by `prepare`, with the same options and questions. Data that has no model yet gets a Markov chain, which is counted
    in seconds. Prints the address of the app, opens it in a browser, and runs until Ctrl-C.
    """
    from recsys import datasets

    name = source
    if datasets.prepared_folder(source) is None:
        card, plan = prepare.prepare(source, **options)
        name = card.name
        if not as_json:
            show_prepared(card, as_json, plan)
    elif any(value != PREPARE_OPTIONS[option].default for option, value in options.items()):
        raise DataError(f"'{source}' is prepared already, so that options of `prepare` change nothing; leave them out, or give a file")
    from recsys.training.first_model import FIRST_MODEL, train_first_model

    if train_first_model(datasets.open_dataset(name)):
        say(f"trained {FIRST_MODEL} on {name}, which had no model yet")
    chosen = {"model": load(model, name).card.name} if model else {}
    serve("timeline", port, host, browser, as_json, dataset=name, **chosen)


_PREPARE = inspect.signature(prepare.run).parameters
_OWN = inspect.signature(run).parameters
PREPARE_OPTIONS = {name: option for name, option in _PREPARE.items() if name not in ("source", "as_json")}
# The command line is built from signatures: this one has the options of `prepare` too.
_ALL = {
    "source": _PREPARE["source"],
    **PREPARE_OPTIONS,
    **{name: _OWN[name] for name in ("model", "port", "host", "browser")},
    "as_json": _PREPARE["as_json"],
}
run.__signature__ = inspect.Signature([*_ALL.values()])  # type: ignore[attr-defined]
run.__annotations__ = {name: option.annotation for name, option in _ALL.items()}
