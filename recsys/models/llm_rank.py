"""Zero-shot ranking by a language model: candidates ordered by the likelihood of their titles after the history."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from recsys.core import PAD, Dataset, Request
from recsys.core.errors import DataError
from recsys.core.split import Split
from recsys.core.translation import _
from recsys.models.base.count_based import CountBased
from recsys.models.base.settings import check_at_least
from recsys.text.language_model import LanguageModel, Report, locate_model


@dataclass(frozen=True)
class LlmRankConfig:
    """`model` is a folder, a GGUF file or a Hugging Face id, empty for the default model; `events` is the length of the prompt's history."""

    model: str = ""
    events: int = 20

    def __post_init__(self) -> None:
        check_at_least(1, self, "events")


class LlmRank(CountBased):
    """Mean log-likelihood per token of each candidate's title as the next line of a numbered list of the history's titles.

    Nothing is trained, and only the titles are stored. Twenty candidates take about a second on two cores.
    """

    Config = LlmRankConfig

    def __init__(self, item_ids: np.ndarray, config: LlmRankConfig, arrays: dict[str, np.ndarray]):
        super().__init__(item_ids, config, arrays)
        letters, ends = arrays["titles"].tobytes(), [0, *arrays["ends"].tolist()]
        self.titles = [letters[start:end].decode() for start, end in pairwise(ends)]
        self._report: Report | None = None

    @classmethod
    def fit(cls, dataset: Dataset, split: Split, config: LlmRankConfig, seed: int = 0) -> "LlmRank":
        """Store the titles; an error if the language model is not installed. `split` and `seed` have no effect."""
        del split, seed
        locate_model(config.model)
        titles = [" ".join(dataset.title_of(str(item)).split()).encode() for item in dataset.item_ids]
        ends = np.cumsum([len(title) for title in titles], dtype=np.int64)
        return cls(dataset.item_ids, config, {"titles": np.frombuffer(b"".join(titles), dtype=np.uint8), "ends": ends})

    def with_report(self, report: Report) -> "LlmRank":
        """Return the same model with progress reports: `report` is called with (done, total) candidates of a request."""
        other = copy(self)
        other._report = report
        return other

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Return scores (requests, n_items), −inf for all but the candidates, which every request must name."""
        scores = np.zeros((len(requests), len(self.vocabulary)), dtype=np.float32)
        if any(request.candidates is None for request in requests):
            raise DataError(
                _(
                    "the model 'llm-rank' only ranks a short list; give candidates, for example the top 10 of another model by --among markov"
                )
            )
        self.vocabulary.mask(scores, requests)
        for row, request in zip(scores, requests, strict=True):
            columns = np.flatnonzero(row > -np.inf)
            if len(columns):
                row[columns] = self._likelihoods(request, [self.titles[column] for column in columns])
        return scores

    def prompt(self, request: Request) -> str:
        """Return the prompt: the titles of the latest events, oldest first, and the number of the next line."""
        codes = self.vocabulary.encode(request.history.items)
        titles = [self.titles[code - 1] for code in codes[codes != PAD][-self.config.events :]]
        lines = [f"{at}. {title}\n" for at, title in enumerate(titles, start=1)]
        return f"What one person chose, in order:\n{''.join(lines)}{len(lines) + 1}."

    def _likelihoods(self, request: Request, titles: list[str]) -> np.ndarray:
        distinct = list(dict.fromkeys(titles))
        # The end of the line is scored too, else "Star Trek" would rank above every title that begins with it.
        likelihoods = LanguageModel(self.config.model).likelihoods(
            self.prompt(request), [f" {title}\n" for title in distinct], self._report
        )
        likelihood_of = dict(zip(distinct, likelihoods, strict=True))
        return np.array([likelihood_of[title] for title in titles], dtype=np.float32)
