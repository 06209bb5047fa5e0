"""The app opened from Python: the one place of the library that knows of the screen, and only by the name of its server.

The server runs in a thread of this process, so that the app sees what the process holds in memory.
"""

import signal
import sys
import webbrowser
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from recsys.core.app_folder import APP_FOLDER
from recsys.core.errors import DataError
from recsys.core.translation import _

if TYPE_CHECKING:
    import pandas as pd

    from recsys.core import Dataset
    from recsys.training.checkpoints import LoadedCheckpoint

HEIGHT = 800  # of the app in a notebook, in pixels

_servers: list[Any] = []  # the one that runs in this process, if any: Streamlit allows no second


@dataclass(frozen=True)
class App:
    """The running app, opened at the address of one view. A notebook draws it in the output of the cell."""

    url: str
    _server: Any

    def stop(self) -> None:
        """Stop the app; other views of it that this process has opened end too."""
        self._server.stop()

    def wait(self) -> None:
        """Keep the app running until Ctrl-C, then stop it: for scripts, at whose end it would end."""
        catch_interrupt().wait()
        self.stop()

    def __str__(self) -> str:
        return self.url

    def _repr_html_(self) -> str:
        address = escape(self.url)
        return (
            f'<iframe src="{address}" width="100%" height="{HEIGHT}" style="border: 0" title="Recscope"></iframe>'
            f'<p><a href="{address}" target="_blank">{address}</a></p>'
        )


def catch_interrupt() -> Event:
    """Return an event that Ctrl-C sets from now on, and SIGTERM too, in place of ending the process."""
    interrupted = Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_received: interrupted.set())
    return interrupted


def start_app(
    page: str,
    port: int | None = None,
    host: str = "127.0.0.1",
    owns_process: bool = False,
    processes: int = 1,
    *,
    cursor: Mapping[str, str],
) -> App:
    """Open a page of the app at a cursor such as {"dataset": "demo-city"}; the app is started unless it runs in this process already.

    Without a port it takes the first free one from 8501. Where it owns the process, it may decide where temporary files are. Several
    processes share the work of a server, and know nothing of what this process holds in memory.
    """
    running = [each for each in _servers if each.is_running]
    if running and port not in (None, running[0].port):
        raise DataError(
            _("the app runs in this process already, at {address}; stop it first, or leave the port out", address=running[0].url)
        )
    if port is not None and not (isinstance(port, int) and 0 < port < 2**16):
        raise DataError(_("{port} is not a port; give a number from 1 to 65535, for example 8501", port=port))
    if not running:
        if str(APP_FOLDER) not in sys.path:
            sys.path.insert(0, str(APP_FOLDER))
        if processes > 1:
            _servers[:] = running = [import_module("pages.processes").start_processes(port, host, processes)]
        else:
            _servers[:] = running = [import_module("pages.server").start_server(port, host, owns_process)]
    return App(f"{running[0].url}/{page}{'?' if cursor else ''}{urlencode(cursor)}", running[0])


def show(
    interactions: "pd.DataFrame | Dataset | str | Path",
    model: "LoadedCheckpoint | str | Path | Any" = None,
    items: "pd.DataFrame | str | Path | None" = None,
    users: "pd.DataFrame | str | Path | None" = None,
    name: str | None = None,
    user: str | None = None,
    port: int | None = None,
    open_browser: bool = True,
    **answers: Any,
) -> App:
    """Open the app in this process on the timeline of a dataset, and return its address.

    Tables, files and models are kept in a temporary folder until this process ends; they are not written to RECSYS_HOME. A notebook draws
    the app in the output of the cell, and no browser is opened.

    Args:
        interactions: a DataFrame of events with users, items and, where they are known, times; a file that `prepare` reads; the name
            of a prepared dataset, or a Dataset. Columns called user_id, item_id and timestamp are read without a question.
        model: a checkpoint, its name or its folder; a file that `import` reads, or a DataFrame of recommendations; an object with
            `recommend(user_id, history, k)` or `score(histories)`, or such a function. By default the best checkpoint of the dataset; if
            there is none, a Markov chain is counted.
        items: the items with titles, categories, texts, places, pictures or links, as a DataFrame or a file. A picture is the path of a
            file in the working directory, for a file of items in the folder of that file, or an address.
        users: the users with their attributes, as a DataFrame or a file.
        name: the name of the dataset in the app.
        user: the id of the user whose timeline is opened, by default that of an active one.
        port: by default the first free one from 8501.
        open_browser: whether to open a browser, where this is not a notebook.
        answers: what the file of a model does not say, by the names of the options of `import`: made_before="last", similarity="dot".
            Files with ids, there --items, --users and --interactions, are item_ids, user_ids and interactions_file here.
    """
    from recsys.temporary_data import keep_dataset, keep_model

    data = keep_dataset(interactions, items, users, name)
    if user is not None:
        data.history(str(user))  # an unknown user is an error that names the nearest ones
    chosen = {"model": keep_model(model, data, answers), "user": user}
    cursor = {"dataset": data.name, **{key: str(value) for key, value in chosen.items() if value is not None}}
    app = start_app("timeline", port, cursor=cursor)
    if open_browser and not _is_notebook():
        webbrowser.open(app.url)
    return app


def _is_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
