"""The model whose failures are looked at, with its evaluation on a split."""

from dataclasses import dataclass

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui.metrics import METRICS
from recsys.core import Dataset
from recsys.core.translation import _
from recsys.evaluation import Evaluation
from recsys.failures.slice_report import SliceReport
from recsys.training.checkpoints import CheckpointCard


@dataclass(frozen=True, eq=False)
class Subject:
    """A checkpoint on the cursor's dataset, a metric with a value per case, and the cases; `title` is plain text."""

    here: Cursor
    name: str
    title: str
    card: CheckpointCard
    metric: str
    evaluation: Evaluation

    @property
    def dataset(self) -> Dataset:
        return self.here.dataset

    @property
    def metric_title(self) -> str:
        return _(METRICS[self.metric])

    @property
    def report(self) -> SliceReport:
        """The metric in every slice, measured once."""
        return cache.slice_report(self.dataset, self.card, self.evaluation, self.metric)
