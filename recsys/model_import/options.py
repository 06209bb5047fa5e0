"""Options of an import: the answers of the person who brings a model."""

from dataclasses import dataclass, field
from pathlib import Path

from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.model_import.list_steps import MADE_BEFORE
from recsys.models.base.settings import check_choice
from recsys.models.imported.onnx_model import SIDES
from recsys.models.imported.vector_model import SIMILARITIES, USER_RULES

PADDINGS = (*SIDES, "none")
CHOICES = {"made_before": tuple(MADE_BEFORE), "similarity": SIMILARITIES, "user_rule": USER_RULES, "padding": PADDINGS}
"""Possible values of options that are not free text."""


@dataclass(frozen=True)
class ImportOptions:
    """Everything that the file of a model may not say itself; an empty option is found out from the file, or asked.

    `format` is a key of `FORMATS`. `items` and `users` are files with the ids in the order of the model, `interactions` the file that it
    was trained on. `columns` maps the columns of a table: {"user_id": "uid"}. `made_before` says when a user's lists without times were
    made; it and `similarity`, `user_rule` and `padding` have one of CHOICES. `table` is the file of a zip or the sheet of a workbook that
    has the lists. An import is refused where less than `least_overlap` of the model's items, or of the users of its lists, are in the
    dataset.
    """

    format: str = ""
    items: Path | None = None
    users: Path | None = None
    interactions: Path | None = None
    columns: dict[str, str] = field(default_factory=dict)
    made_before: str = ""
    similarity: str = ""
    user_rule: str = ""
    padding: str = ""
    least_overlap: float = 0.5
    table: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.least_overlap, (int, float)) or not 0 <= self.least_overlap <= 1:
            raise DataError(
                _("least_overlap is {value}, which is not a share; give a number from 0 to 1, for example 0.5", value=self.least_overlap)
            )
        if not isinstance(self.columns, dict):
            raise DataError(_("columns are {value}; give them by role, like {{'user_id': 'uid'}}", value=self.columns))
        for name, choices in CHOICES.items():
            if getattr(self, name):
                check_choice(choices, self, name)
