"""Models named by their place: the artifacts of an MLflow run, and repositories of the Hugging Face Hub.

Both are fetched by their own libraries, which need not be installed. Files that only a pickle could read are left where they are.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from recsys.core.errors import DataError, summarize_error
from recsys.core.translation import _

UNREAD_FILES = ("*.bin", "*.ckpt", "*.h5", "*.msgpack", "*.pickle", "*.pkl")


@contextmanager
def fetch_source(text: str) -> Iterator[Path]:
    """Yield the path of a model that is named mlflow:RUN, mlflow:RUN/PATH or hf:OWNER/NAME; any other text is a path already.

    What is fetched into a temporary folder is removed afterwards; the Hugging Face Hub keeps files in a cache of its own.
    """
    kind, colon, name = text.partition(":")
    if not colon or kind not in _FETCHERS:
        yield Path(text)
        return
    library, fetch = _FETCHERS[kind]
    try:
        import_module(library)
    except ImportError as error:
        raise DataError(
            _("'{name}' needs the package {package}; install it with: pip install {package}", name=text, package=library)
        ) from error
    with TemporaryDirectory() as folder:
        try:
            path = fetch(name, folder)
        except Exception as error:  # both libraries have errors of many kinds, for networks, names and access
            raise DataError(_("'{name}' cannot be fetched: {reason}", name=text, reason=summarize_error(error))) from error
        yield Path(path)


def _fetch_run(name: str, folder: str) -> str:
    run, _slash, path = name.partition("/")
    return str(import_module("mlflow.artifacts").download_artifacts(run_id=run, artifact_path=path, dst_path=folder))


def _fetch_repository(name: str, folder: str) -> str:
    del folder  # the library keeps its files, and fetches only what has changed
    return str(import_module("huggingface_hub").snapshot_download(name, ignore_patterns=list(UNREAD_FILES)))


_FETCHERS: dict[str, tuple[str, Callable[[str, str], str]]] = {
    "mlflow": ("mlflow", _fetch_run),
    "hf": ("huggingface_hub", _fetch_repository),
}
