"""Formats of models that can be imported: one literal dict. A new one is a module and one entry here."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from recsys.core import Dataset
from recsys.core.errors import DataError, QuestionError, unknown
from recsys.core.formatting import join_words
from recsys.core.translation import N_, _
from recsys.model_import.imported_model import ImportedModel
from recsys.model_import.options import ImportOptions
from recsys.model_import.python_code import is_code


@dataclass(frozen=True)
class ModelFormat:
    """A format: its title for people, and the module with `recognizes(path) -> bool` and `read(path, dataset, options) -> list[ImportedModel]`.

    `recognizes` looks at names and first bytes only, and never raises for a file of another kind.
    """

    title: str
    module: str

    def recognizes(self, path: Path) -> bool:
        """Return whether a file or folder looks like this format."""
        return bool(import_module(self.module).recognizes(path))

    @property
    def read(self) -> Callable[[Path, Dataset, ImportOptions], list[ImportedModel]]:
        """The function that reads it. Its module is imported now and not before."""
        return cast(Callable[[Path, Dataset, ImportOptions], list[ImportedModel]], import_module(self.module).read)


FORMATS: dict[str, ModelFormat] = {
    "recbole": ModelFormat(N_("RecBole checkpoint"), "recsys.model_import.recbole_file"),
    "onnx": ModelFormat(N_("ONNX network"), "recsys.model_import.onnx_file"),
    "rectools": ModelFormat(N_("RecTools export"), "recsys.model_import.rectools_export"),
    "hugging-face": ModelFormat(N_("Hugging Face folder"), "recsys.model_import.hugging_face_folder"),
    "folder": ModelFormat(N_("safetensors with a config"), "recsys.model_import.safetensors_folder"),
    "vectors": ModelFormat(N_("vectors of users and items"), "recsys.model_import.vector_files"),
    "recommendations": ModelFormat(N_("recommendations as a table"), "recsys.model_import.recommendation_table"),
}
"""In the order in which they are tried on a file."""


def read_models(path: Path, dataset: Dataset, options: ImportOptions) -> list[ImportedModel]:
    """Read the models of a file or folder for a dataset, in the format given or recognized."""
    if not path.exists():
        if is_code(str(path)):
            raise DataError(
                _(
                    "{name} names Python code, which is not imported; name it where a checkpoint is named, as in: python -m recsys evaluate {name} {dataset}",
                    name=path,
                    dataset=dataset.name,
                )
            )
        raise DataError(_("{file} does not exist; give a file or folder with a model or its recommendations", file=path))
    for each in (path, options.items, options.users, options.interactions):
        if each is not None and each.exists() and not each.is_file() and not each.is_dir():  # reading one may never end
            raise DataError(_("{path} is a pipe or a device, not a file; save its content to a file first", path=each))
    return find_format(path, options.format).read(path, dataset, options)


def find_format(path: Path, name: str = "") -> ModelFormat:
    """Return the format of that name, or the one that recognizes the file; none is a DataError, several are a question."""
    if name:
        if name not in FORMATS:
            raise unknown("format", name, FORMATS)
        return FORMATS[name]
    fitting = [each for each, form in FORMATS.items() if form.recognizes(path)]
    if not fitting:
        raise _not_recognized(path)
    if len(fitting) > 1:
        raise QuestionError(
            _(
                "{file} may be {formats}; which is it?",
                file=path.name,
                formats=join_words([_(FORMATS[each].title) for each in fitting], "or"),
            ),
            "--format",
            fitting[0],
            choices=fitting,
        )
    return FORMATS[fitting[0]]


def _not_recognized(path: Path) -> DataError:
    """Return the error about a file or folder that no format recognizes, with what to do where its kind is known."""
    formats = join_words([_(each.title) for each in FORMATS.values()], "or")
    if path.is_dir():
        names = sorted(each.name for each in path.iterdir() if not each.name.startswith((".", "_")))
        return DataError(
            _(
                "the files {names} together are not a model that can be imported; bring one of: {formats}. Parts of one table have names that differ in numbers only",
                names=join_words(names[:5]) or "–",
                formats=formats,
            )
        )
    for suffixes, reason in _ADVICE.items():
        if path.suffix.lower() in suffixes:
            return DataError(_(reason, file=path.name))
    return DataError(_("{file} is not a model that can be imported; bring one of: {formats}", file=path.name, formats=formats))


_ADVICE: dict[tuple[str, ...], str] = {
    (".pt", ".ckpt", ".bin", ".h5", ".keras", ".tflite"): N_(
        "{file} holds the weights of a network, which do not say how it computes; export the network to ONNX, or call it from Python code"
    ),
    (".pkl", ".pickle", ".joblib", ".dill"): N_(
        "{file} is a pickle, which could run code and is never opened; save its vectors as NumPy arrays or its lists as a table, or call the model from Python code"
    ),
    (".py", ".ipynb"): N_(
        "{file} is Python code, which is not imported; name it where a checkpoint is named, as module:name, or give the object to recsys.show"
    ),
}
"""Endings of files that are often brought and cannot be read, with what to do instead."""
