"""The `serve` command: the app as a server for others, for service managers and the container image."""

from typing import Annotated

import typer

from recsys.cli.console import Json
from recsys.cli.serving import Host, serve

DEFAULT_PORT = 8501


def run(
    port: Annotated[int, typer.Option(help="The port of the app.", min=1, max=65535)] = DEFAULT_PORT,
    host: Host = "127.0.0.1",
    processes: Annotated[
        int, typer.Option(help="Processes that share the work, one a core; each browser stays with one.", min=1, max=64)
    ] = 1,
    as_json: Json = False,
) -> None:
    """Run the app as a server, without opening a browser.

    Prints the address of the app, and runs until Ctrl-C or SIGTERM. A port that is taken is an error.
    """
    opens_browser = False
    serve("", port, host, opens_browser, as_json, processes)
