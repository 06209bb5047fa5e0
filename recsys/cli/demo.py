"""The `demo` command: the app with the simulated city."""

from recsys.cli.console import Json
from recsys.cli.opening import open_checkpoint
from recsys.cli.serving import Browser, Host, ModelName, Port, serve


def run(model: ModelName = "", port: Port = None, host: Host = "127.0.0.1", browser: Browser = True, as_json: Json = False) -> None:
    """Open the app on the simulated city, which ships with trained models.

    Prints the address of the app, opens it in a browser, and runs until Ctrl-C.
    """
    if not model:
        serve("", port, host, browser, as_json, dataset="demo-city")
        return
    from recsys.datasets import open_dataset

    name = open_checkpoint(model, open_dataset("demo-city"), "cpu").card.name
    serve("timeline", port, host, browser, as_json, dataset="demo-city", model=name)
