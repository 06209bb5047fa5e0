"""A training run of one session, in a thread of its own: pages only look at it, so none of them ever waits."""

import logging
import time
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import TYPE_CHECKING

from recsys.core.errors import RecsysError

if TYPE_CHECKING:
    from recsys.training.loop import Progress

Steps = Callable[[Callable[[], bool]], "Iterator[Progress]"]
SHOWN = "training"  # its place in the session state
GRACE = 90.0  # seconds for a reload or a network that comes back


class Job:
    """`steps` is given a function that says whether to stop, and yields Progress; the thread touches nothing of the page.

    When nobody has been watching for `grace` seconds it ends as if it had been stopped: no window could stop it any more.
    """

    def __init__(
        self, steps: Steps, title: str, dataset: str, name: str, watched: Callable[[], bool] = lambda: True, grace: float = GRACE
    ) -> None:
        self.title, self.dataset, self.name = title, dataset, name
        self._watched, self._grace, self._seen = watched, grace, time.monotonic()
        self.progress: Progress | None = None
        self.error: str | None = None
        self._stop = Event()
        self._thread = Thread(target=self._run, args=(steps,), name=f"train {name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end soon and keep what was best so far."""
        self._stop.set()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def _ends(self) -> bool:
        if self._watched():
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > self._grace:
            self._stop.set()
        return self._stop.is_set()

    def _run(self, steps: Steps) -> None:
        try:
            for progress in steps(self._ends):
                self.progress = progress
        except RecsysError as error:
            self.error = str(error)
        except Exception as error:  # nobody above this thread could show it
            logging.getLogger(__name__).exception("training %s failed", self.name)
            self.error = f"this is a bug, {type(error).__name__}: {error}; the server's log has the details"
