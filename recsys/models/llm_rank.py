"""A language model that was never trained on this data orders a short list by how likely each title is to come next."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from recsys.core import PAD, Dataset, Request
from recsys.core.errors import DataError
from recsys.core.split import Split
from recsys.models.base.count_based import CountBased
from recsys.models.base.settings import check_at_least
from recsys.text.language_model import LanguageModel, Report, locate


@dataclass(frozen=True)
class LlmRankConfig:
    """`model` is a folder, a GGUF file or a Hugging Face id, empty for the one that can be installed; `events` of the history are told."""

    model: str = ""
    events: int = 20

    def __post_init__(self) -> None:
        check_at_least(1, self, "events")


class LlmRank(CountBased):
    """Zero-shot: the history as a numbered list of titles, and the mean log-likelihood a token of every candidate as its next line.

    Learns nothing and keeps the titles alone. Takes about a second for twenty candidates on two cores.
    """

    Config = LlmRankConfig

    def __init__(self, item_ids: np.ndarray, config: LlmRankConfig, arrays: dict[str, np.ndarray]):
        super().__init__(item_ids, config, arrays)
        letters, ends = arrays["titles"].tobytes(), [0, *arrays["ends"].tolist()]
        self.titles = [letters[start:end].decode() for start, end in pairwise(ends)]
        self._report: Report | None = None

    @classmethod
    def fit(cls, dataset: Dataset, split: Split, config: LlmRankConfig, seed: int = 0) -> "LlmRank":
        """Keep the titles; an error in a line where the language model is not installed. `split` and `seed` change nothing."""
        del split, seed
        locate(config.model)
        titles = [" ".join(dataset.title_of(str(item)).split()).encode() for item in dataset.item_ids]
        ends = np.cumsum([len(title) for title in titles], dtype=np.int64)
        return cls(dataset.item_ids, config, {"titles": np.frombuffer(b"".join(titles), dtype=np.uint8), "ends": ends})

    def reporting(self, report: Report) -> "LlmRank":
        """The same model, which says how far it is: `report` hears (done, of) the candidates of a request."""
        other = copy(self)
        other._report = report
        return other

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """(requests, n_items), −inf for all but the candidates, which every request has to name."""
        scores = np.zeros((len(requests), len(self.vocabulary)), dtype=np.float32)
        if any(request.candidates is None for request in requests):
            raise DataError("llm-rank only orders a short list; name candidates, for example the best of another model by --among markov")
        self.vocabulary.mask(scores, requests)
        for row, request in zip(scores, requests, strict=True):
            places = np.flatnonzero(row > -np.inf)
            if len(places):
                row[places] = self._likelihoods(request, [self.titles[place] for place in places])
        return scores

    def prompt(self, request: Request) -> str:
        """What the language model reads: the latest events, oldest first, and the number of the line to come."""
        codes = self.vocabulary.encode(request.history.items)
        titles = [self.titles[code - 1] for code in codes[codes != PAD][-self.config.events :]]
        lines = [f"{at}. {title}\n" for at, title in enumerate(titles, start=1)]
        return f"What one person chose, in order:\n{''.join(lines)}{len(lines) + 1}."

    def _likelihoods(self, request: Request, titles: list[str]) -> np.ndarray:
        different = list(dict.fromkeys(titles))
        # The end of the line is part of what is judged: else "Star Trek" would stand above every title that begins with it.
        found = LanguageModel(self.config.model).likelihoods(self.prompt(request), [f" {title}\n" for title in different], self._report)
        of = dict(zip(different, found, strict=True))
        return np.array([of[title] for title in titles], dtype=np.float32)
