"""A training run of one session in a thread of its own: pages only read its progress, so none of them waits."""

import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from recsys.core.errors import RecsysError
from recsys.core.translation import _
from recsys.text.vector_cache import keep_private, private_folder

if TYPE_CHECKING:
    from recsys.training.loop import Progress

Steps = Callable[[Callable[[], bool]], "Iterator[Progress]"]
STATE = "training"  # the key of the session's job in the session state
GRACE = 90.0  # seconds for a reload, or for a network that comes back


class TrainingJob:
    """A training run. `steps` is given a function that says whether to stop, and yields Progress; the thread never draws.

    A job that no window has shown for `grace` seconds ends as if it had been stopped, since no window could stop it any more.
    """

    def __init__(
        self, steps: Steps, model: str, dataset: str, name: str, is_watched: Callable[[], bool] = lambda: True, grace: float = GRACE
    ) -> None:
        self.model, self.dataset, self.name = model, dataset, name
        self._is_watched, self._grace, self._last_watched = is_watched, grace, time.monotonic()
        self.progress: Progress | None = None
        self._failure: Exception | None = None
        self._private_texts = private_folder()  # the thread has no session to ask
        self._stop = Event()
        self._thread = Thread(target=self._run, args=(steps,), name=f"train {name}", daemon=True)

    def start(self) -> None:
        """Start training."""
        self._thread.start()

    def stop(self) -> None:
        """End the training soon and keep the best epoch so far."""
        self._stop.set()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    @property
    def error(self) -> str | None:
        """The error that ended the run, in the language of the session that asks."""
        if self._failure is None or isinstance(self._failure, RecsysError):
            return None if self._failure is None else str(self._failure)
        return _(
            "Training failed with an unexpected error, {kind}: {error}. This is a bug; the server’s log has the details.",
            kind=type(self._failure).__name__,
            error=self._failure,
        )

    def _should_stop(self) -> bool:
        if self._is_watched():
            self._last_watched = time.monotonic()
        elif time.monotonic() - self._last_watched > self._grace:
            self._stop.set()
        return self._stop.is_set()

    def _run(self, steps: Steps) -> None:
        try:
            with keep_private(self._private_texts):
                for progress in steps(self._should_stop):
                    self.progress = progress
        except RecsysError as error:
            self._failure = error
        except Exception as error:  # no caller above this thread could show it
            logging.getLogger(__name__).exception("training %s failed", self.name)
            self._failure = error


def session_check() -> Callable[[], bool]:
    """Return a function that says, from any thread, whether this session still has an open window."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return lambda: True
    return partial(runtime.get_instance().is_active_session, context.session_id)
