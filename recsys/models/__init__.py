"""Every model there is. A new model is one module and one line here; the pages and the command line follow this dict."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from recsys.core.errors import DataError, unknown

WORDS = ("title", "category", "text")
"""What a dataset may know of its items in words."""


@dataclass(frozen=True)
class ModelSpec:
    """What a model is called, where it lives and what it needs.

    `module` holds the class `class_name` (see `recsys/models/README.md` for its few methods); `preset` is set on its config.
    `aware` says which of time and place of the request the model is told; `needs` what the data must have, where "words" is any
    of title, category and text.
    `gradient` models go through the training loop, the others are counted in one pass. `parts` are the models that a fusion is
    made of, where the data supports them; its weights are learnt on the validation events.
    """

    title: str
    summary: str
    module: str
    class_name: str
    preset: tuple[tuple[str, Any], ...] = ()
    aware: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    gradient: bool = False
    candidates_only: bool = False
    parts: tuple[str, ...] = ()

    def load(self) -> Any:
        """The model's class. Imports its module now and not before, since some need torch."""
        return getattr(import_module(self.module), self.class_name)

    @property
    def shows_attention(self) -> bool:
        """Whether a model of this kind can say which events it attends to. Imports its module."""
        return bool(getattr(self.config(), "shows_attention", False))

    def lacks(self, has: Collection[str]) -> list[str]:
        """What the model needs and a dataset with these things (`Dataset.has`) does not have."""
        return [need for need in self.needs if not (set(WORDS) & set(has) if need == "words" else need in has)]

    def config(self, **settings: Any) -> Any:
        """The model's config with this spec's preset and the given settings; unknown or ill-typed ones are a DataError."""
        for name in settings:
            variants = [other for other, spec in MODELS.items() if spec.class_name == self.class_name and name in dict(spec.preset)]
            if variants:  # what it is told would no longer be what its name says
                raise DataError(f"the setting {name} is what tells models apart; train {' or '.join(variants)} instead")
        return configured(self.load().Config, {**dict(self.preset), **settings})


def configured(config_class: Any, settings: dict[str, Any]) -> Any:
    """A config from names and values, text included ("3", "0.1", "true"), as the command line gives them."""
    fields = config_class.__dataclass_fields__
    values = {}
    for name, value in settings.items():
        if name not in fields:
            raise unknown("setting", name, fields)
        kind = fields[name].type if isinstance(fields[name].type, type) else type(fields[name].default)
        try:
            values[name] = value if isinstance(value, kind) else _parsed(value, kind)
            if kind is float and not math.isfinite(values[name]):
                raise ValueError(value)
        except (TypeError, ValueError) as error:
            raise DataError(f"setting {name}={value} is no {kind.__name__}, for example {name}={fields[name].default}") from error
    return config_class(**values)


def _parsed(value: Any, kind: type) -> Any:
    if kind is bool:
        if str(value).lower() not in ("true", "false", "1", "0"):
            raise ValueError(value)
        return str(value).lower() in ("true", "1")
    return kind(value)


FUSED = ("spatiotemporal", "sasrec", "lstm-lm", "llm-lstm", "frequency", "markov", "item-knn", "user-knn", "ease", "content")

MODELS: dict[str, ModelSpec] = {
    "popularity": ModelSpec(
        "Most popular",
        "What everybody takes most, all time.",
        "recsys.models.popularity",
        "Popularity",
    ),
    "popularity-recent": ModelSpec(
        "Most popular lately",
        "What everybody took most in the weeks before the request.",
        "recsys.models.popularity",
        "Popularity",
        preset=(("kind", "recent"),),
        aware=("time",),
        needs=("time",),
    ),
    "popularity-nearby": ModelSpec(
        "Most popular nearby",
        "What is popular near the place of the request.",
        "recsys.models.popularity",
        "Popularity",
        preset=(("kind", "nearby"),),
        aware=("place",),
        needs=("place",),
    ),
    "friends": ModelSpec(
        "What friends take",
        "What the person's friends took, near the place of the request: something to say before they have done anything.",
        "recsys.models.friends",
        "Friends",
        aware=("place",),
        needs=("friends",),
    ),
    "frequency": ModelSpec(
        "Own favourites",
        "What this person takes most, near this hour where times are known.",
        "recsys.models.frequency",
        "Frequency",
        aware=("time",),
    ),
    "markov": ModelSpec(
        "Markov chain",
        "What usually follows the last item, counted, backing off to popularity.",
        "recsys.models.markov",
        "Markov",
    ),
    "bilinear-markov": ModelSpec(
        "Learnt Markov chain",
        "What follows the last item, by two learnt vectors an item in place of counts.",
        "recsys.models.bilinear_markov",
        "BilinearMarkov",
        gradient=True,
    ),
    "ngram": ModelSpec(
        "N-gram",
        "What usually follows the last two items, counted, backing off to one and to popularity.",
        "recsys.models.ngram",
        "Ngram",
    ),
    "item-knn": ModelSpec(
        "Similar items",
        "Items that the same people took, by cosine of co-occurrence.",
        "recsys.models.item_knn",
        "ItemKnn",
    ),
    "item-knn-text": ModelSpec(
        "Similar texts",
        "Items described like those of the history, by cosine of their texts.",
        "recsys.models.item_knn_text",
        "ItemKnnText",
        needs=("words",),
    ),
    "content": ModelSpec(
        "Content",
        "Items whose text fits one profile of the whole history; learns from nobody else.",
        "recsys.models.content",
        "Content",
        needs=("words",),
    ),
    "user-knn": ModelSpec(
        "Similar people",
        "What people with the same items took.",
        "recsys.models.user_knn",
        "UserKnn",
    ),
    "user-knn-text": ModelSpec(
        "People of similar texts",
        "What people took whose items are described alike.",
        "recsys.models.user_knn_text",
        "UserKnnText",
        needs=("words",),
    ),
    "ease": ModelSpec(
        "EASE",
        "A linear sum over the history, its weights in closed form.",
        "recsys.models.ease",
        "Ease",
    ),
    "sasrec": ModelSpec(
        "Transformer",
        "Self-attention over the order of events: what usually follows such a history.",
        "recsys.models.sasrec",
        "SASRec",
        gradient=True,
    ),
    "sasrec-text-start": ModelSpec(
        "Transformer, words at the start",
        "The transformer, whose item vectors begin as their texts.",
        "recsys.models.sasrec",
        "SASRec",
        preset=(("text", "start"),),
        needs=("words",),
        gradient=True,
    ),
    "sasrec-text-frozen": ModelSpec(
        "Transformer, words alone",
        "The transformer, whose item vectors are their texts, mapped.",
        "recsys.models.sasrec",
        "SASRec",
        preset=(("text", "frozen"),),
        needs=("words",),
        gradient=True,
    ),
    "sasrec-text": ModelSpec(
        "Transformer with words",
        "The transformer, whose item vectors are their texts and a learnt difference.",
        "recsys.models.sasrec",
        "SASRec",
        preset=(("text", "delta"),),
        needs=("words",),
        gradient=True,
    ),
    "sasrec-time": ModelSpec(
        "Transformer with time",
        "The transformer, told hours, time gaps and, where places are known, distances.",
        "recsys.models.sasrec",
        "SASRec",
        preset=(("time_bias", True), ("distance_bias", True)),
        aware=("time", "place"),
        needs=("time",),
        gradient=True,
    ),
    "lstm-lm": ModelSpec(
        "LSTM",
        "A language model whose words are items, read by an LSTM.",
        "recsys.models.lstm",
        "LstmLm",
        gradient=True,
    ),
    "llm-lstm": ModelSpec(
        "LSTM over words",
        "Each event in words – item, behaviour, time – read by an LSTM that predicts the next item and the next behaviour.",
        "recsys.models.lstm",
        "LlmLstm",
        aware=("time",),
        needs=("words",),
        gradient=True,
    ),
    "long-short": ModelSpec(
        "Long and short term",
        "An LSTM for what is going on, attention for what always was, and a gate between the two.",
        "recsys.models.long_short",
        "LongShort",
        preset=(("part", "both"),),
        gradient=True,
    ),
    "long-only": ModelSpec(
        "Long term alone",
        "The same model without its short-term half.",
        "recsys.models.long_short",
        "LongShort",
        preset=(("part", "long"),),
        gradient=True,
    ),
    "short-only": ModelSpec(
        "Short term alone",
        "The same model without its long-term half.",
        "recsys.models.long_short",
        "LongShort",
        preset=(("part", "short"),),
        gradient=True,
    ),
    "association": ModelSpec(
        "Person meets item",
        "A running picture of the person, an association model, and ratings where there are any; a like moves the next list.",
        "recsys.models.association",
        "Association",
        needs=("words",),
        gradient=True,
    ),
    "spatiotemporal": ModelSpec(
        "Here and now",
        "What fits the hour and the place, from texts, times and distances, with a pointer to the person's own events.",
        "recsys.models.spatiotemporal",
        "SpatioTemporal",
        preset=(("time", True), ("place", True)),
        aware=("time", "place"),
        needs=("time", "words"),
        gradient=True,
    ),
    "spatiotemporal-evolving": ModelSpec(
        "Here and now, changing items",
        "“Here and now”, whose items change with the people who took them lately.",
        "recsys.models.spatiotemporal",
        "SpatioTemporal",
        preset=(("time", True), ("place", True), ("evolves", True)),
        aware=("time", "place"),
        needs=("time", "words"),
        gradient=True,
    ),
    "spatiotemporal-tuned": ModelSpec(
        "Here and now, its own reading",
        "“Here and now”, which also learns how to read: the last layers of the sentence encoder change with it.",
        "recsys.models.spatiotemporal",
        "SpatioTemporal",
        preset=(("time", True), ("place", True), ("text", "tuned")),
        aware=("time", "place"),
        needs=("time", "words"),
        gradient=True,
    ),
    "spatiotemporal-blind": ModelSpec(
        "Here and now, blind",
        "“Here and now” without time and place: what those are worth.",
        "recsys.models.spatiotemporal",
        "SpatioTemporal",
        preset=(("time", False), ("place", False)),
        needs=("words",),
        gradient=True,
    ),
    "fusion": ModelSpec(
        "All together",
        "One ranking out of several models, each weighed by what it was worth on the validation events.",
        "recsys.models.fusion",
        "Fusion",
        preset=(("kind", "learnt"),),
        aware=("time", "place"),
        parts=FUSED,
    ),
    "fusion-rrf": ModelSpec(
        "All together, by rank alone",
        "The same models, their reciprocal ranks added up.",
        "recsys.models.fusion",
        "Fusion",
        preset=(("kind", "reciprocal"),),
        aware=("time", "place"),
        parts=FUSED,
    ),
    "llm-rank": ModelSpec(
        "Language model",
        "A language model that never saw this data orders a short list by how well each title goes on from the last ones.",
        "recsys.models.llm_rank",
        "LlmRank",
        needs=("title",),
        candidates_only=True,
    ),
}


def model_spec(name: str) -> ModelSpec:
    """The spec of a model, or an error that names the nearest ones."""
    if name not in MODELS:
        raise unknown("model", name, MODELS)
    return MODELS[name]
