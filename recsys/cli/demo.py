"""The `demo` command: the app with the simulated city."""

from recsys.api import load
from recsys.cli.console import Json
from recsys.cli.serving import Browser, Host, ModelName, Port, serve


def run(model: ModelName = "", port: Port = None, host: Host = "127.0.0.1", browser: Browser = True, as_json: Json = False) -> None:
    """Open the app on the simulated city, which ships with trained models.

    Prints the address of the app, opens it in a browser, and runs until Ctrl-C.
    """
    if not model:
        serve("", port, host, browser, as_json, dataset="demo-city")
        return
    serve("timeline", port, host, browser, as_json, dataset="demo-city", model=load(model, "demo-city").card.name)
