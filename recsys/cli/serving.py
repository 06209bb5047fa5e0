"""The app started by a command, until Ctrl-C."""

import sys
from typing import Annotated

import typer

from recsys.cli.console import say, show

Port = Annotated[int | None, typer.Option(help="The port of the app; by default the first free one from 8501.", min=1, max=65535)]
Host = Annotated[
    str,
    typer.Option(
        help="The address to listen on. Unless secrets.toml sets up sign-in, anyone who can reach it sees and changes everything."
    ),
]
Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="Whether to open a browser window.")]

ModelName = Annotated[str, typer.Option("--model", metavar="CHECKPOINT", help="The model to open: a checkpoint, or code as module:name.")]

LOCAL = ("127.0.0.1", "localhost", "::1")


def serve(page: str, port: int | None, host: str, opens_browser: bool, as_json: bool, processes: int = 1, /, **cursor: str) -> None:
    """Start the app at a page and cursor, print its address, and stop it at Ctrl-C."""
    import webbrowser

    from recsys.running_app import catch_interrupt, start_app

    interrupted = catch_interrupt()  # before the address is known, so that whoever reads it may interrupt at once
    app = start_app(page, port, host, owns_process=True, processes=processes, cursor=cursor)
    if host not in LOCAL:
        say("warning: unless secrets.toml sets up sign-in, anyone who can reach this machine sees and changes everything")
    show({"url": app.url}, as_json, app.url)
    sys.stdout.flush()  # whoever reads from a pipe waits for the address
    say("press Ctrl-C to stop")
    if opens_browser:
        webbrowser.open(app.url)
    interrupted.wait()
    app.stop()
