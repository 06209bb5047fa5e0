"""Registry of models: one literal dict. A new model is one module and one entry here; pages, tests and commands read this dict."""

import math
from collections import ChainMap
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from recsys.core.errors import DataError, unknown
from recsys.core.formatting import join_words
from recsys.core.translation import N_, _

WORDS = ("title", "category", "text")
"""Item columns that hold words; a model that needs "words" needs one of them."""


@dataclass(frozen=True)
class ModelSpec:
    """Name, class and requirements of a model.

    `name` is what its paper or the field calls it, `gloss` a few words that explain the name, `description` one sentence; all three are
    English and translated by `title`, `label` and `summary`. `module` holds the class `class_name` (`recsys/models/README.md` lists
    its methods) and `preset` fixes settings of its config. `aware` says which of time and place of the request the model uses;
    `needs` what the dataset must have, where "words" is any of title, category and text. Models with `gradient` are trained by the
    training loop, the others are counted in one pass. `candidates_only` models rank a short list only. `parts` are the models that a
    fusion combines where the dataset supports them; its weights are learnt on the validation events.
    """

    name: str
    gloss: str
    description: str
    module: str
    class_name: str
    preset: tuple[tuple[str, Any], ...] = ()
    aware: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    gradient: bool = False
    candidates_only: bool = False
    parts: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The model's name in the reader's language, for tables and charts."""
        return _(self.name)

    @property
    def label(self) -> str:
        """Name and gloss in the reader's language, for lists to choose from: "SASRec – transformer over the history"."""
        return _("{name} – {gloss}", name=self.title, gloss=_(self.gloss)) if self.gloss else self.title

    @property
    def summary(self) -> str:
        """One sentence about the model in the reader's language."""
        return _(self.description)

    def load(self) -> Any:
        """Return the model's class. Its module is imported now and not before, since some need torch."""
        return getattr(import_module(self.module), self.class_name)

    @property
    def shows_attention(self) -> bool:
        """Whether models of this kind can say which events they attend to. Imports the module."""
        return bool(getattr(self.config(), "shows_attention", False))

    def lacks(self, has: Collection[str]) -> list[str]:
        """Return what the model needs and a dataset with these things (`Dataset.has`) does not have."""
        return [need for need in self.needs if not (set(WORDS) & set(has) if need == "words" else need in has)]

    def config(self, **settings: Any) -> Any:
        """Return the model's config with the preset and the given settings; unknown or ill-typed ones are a DataError."""
        for name in settings:
            variants = [other for other, spec in MODELS.items() if spec.class_name == self.class_name and name in dict(spec.preset)]
            if variants:  # the name of the model would no longer tell what it is
                raise DataError(
                    _(
                        "the setting {name} is fixed by the choice of model; choose {models} instead",
                        name=name,
                        models=join_words(variants, "or"),
                    )
                )
        return build_config(self.load().Config, {**dict(self.preset), **settings})


def build_config(config_class: Any, settings: dict[str, Any]) -> Any:
    """Return a config from names and values; text ("3", "0.1", "true"), as the command line gives it, is converted."""
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
            raise DataError(
                _(
                    "setting {name}={value} is not of type {type}; give for example {name}={example}",
                    name=name,
                    value=value,
                    type=kind.__name__,
                    example=fields[name].default,
                )
            ) from error
    return config_class(**values)


def _parsed(value: Any, kind: type) -> Any:
    if kind is bool:
        if str(value).lower() not in ("true", "false", "1", "0"):
            raise ValueError(value)
        return str(value).lower() in ("true", "1")
    return kind(value)


NEEDS = {
    "time": N_("times of events"),
    "place": N_("places"),
    "words": N_("item titles, categories or texts"),
    "title": N_("item titles"),
    "friends": N_("friends of users"),
}
"""Names of what models need (`ModelSpec.needs`)."""


def describe_needs(needs: Iterable[str]) -> str:
    """Return "times of events and places" in the reader's language."""
    return join_words(_(NEEDS[need]) for need in needs)


FUSED = ("spatiotemporal", "sasrec", "lstm-lm", "llm-lstm", "frequency", "markov", "item-knn", "user-knn", "ease", "content")
"""The models that a fusion combines."""

MODELS: dict[str, ModelSpec] = {
    "popularity": ModelSpec(
        N_("Popularity"),
        N_("the most popular items of all time"),
        N_("Ranks items by how often all users chose them, over all time."),
        "recsys.models.popularity",
        "Popularity",
    ),
    "popularity-recent": ModelSpec(
        N_("Popularity (recent)"),
        N_("the most popular items of the last weeks"),
        N_("Ranks items by how often all users chose them in the weeks before the request."),
        "recsys.models.popularity",
        "Popularity",
        preset=(("kind", "recent"),),
        aware=("time",),
        needs=("time",),
    ),
    "popularity-nearby": ModelSpec(
        N_("Popularity (nearby)"),
        N_("the most popular items around the place"),
        N_("Ranks items by how popular they are near the place of the request."),
        "recsys.models.popularity",
        "Popularity",
        preset=(("kind", "nearby"),),
        aware=("place",),
        needs=("place",),
    ),
    "friends": ModelSpec(
        N_("Friends"),
        N_("items of the user’s friends"),
        N_("Ranks the items of the user’s friends near the place of the request; works for users without a history."),
        "recsys.models.friends",
        "Friends",
        aware=("place",),
        needs=("friends",),
    ),
    "frequency": ModelSpec(
        N_("Own history"),
        N_("the user’s favourites by hour"),
        N_("Ranks the items that the user chooses most, near the hour of the request where times are known."),
        "recsys.models.frequency",
        "Frequency",
        aware=("time",),
    ),
    "markov": ModelSpec(
        N_("Markov chain"),
        N_("transition counts from the last item"),
        N_("Counts which items follow the last item and backs off to popularity."),
        "recsys.models.markov",
        "Markov",
    ),
    "bilinear-markov": ModelSpec(
        N_("Bilinear Markov chain"),
        N_("learnt transitions from the last item"),
        N_("Predicts the next item from the last one by two learnt vectors per item instead of counts."),
        "recsys.models.bilinear_markov",
        "BilinearMarkov",
        gradient=True,
    ),
    "ngram": ModelSpec(
        N_("N-gram"),
        N_("transition counts from the last two items"),
        N_("Counts which items follow the last two items and backs off to the last one and to popularity."),
        "recsys.models.ngram",
        "Ngram",
    ),
    "item-knn": ModelSpec(
        "Item-kNN",
        N_("items chosen by the same users"),
        N_("Ranks items by the cosine similarity of their users to those of the items in the history."),
        "recsys.models.item_knn",
        "ItemKnn",
    ),
    "item-knn-text": ModelSpec(
        N_("Item-kNN (text)"),
        N_("items with similar texts"),
        N_("Ranks items by the cosine similarity of their texts to the items in the history."),
        "recsys.models.item_knn_text",
        "ItemKnnText",
        needs=("words",),
    ),
    "content": ModelSpec(
        N_("Content-based"),
        N_("one text profile of the history"),
        N_("Ranks items by how well their text fits one profile of the whole history; does not learn from other users."),
        "recsys.models.content",
        "Content",
        needs=("words",),
    ),
    "user-knn": ModelSpec(
        "User-kNN",
        N_("items of similar users"),
        N_("Ranks the items of users whose histories share items with this one."),
        "recsys.models.user_knn",
        "UserKnn",
    ),
    "user-knn-text": ModelSpec(
        N_("User-kNN (text)"),
        N_("items of users whose items have similar texts"),
        N_("Ranks the items of users whose items have texts similar to those in the history."),
        "recsys.models.user_knn_text",
        "UserKnnText",
        needs=("words",),
    ),
    "ease": ModelSpec(
        "EASE",
        N_("linear item-to-item weights"),
        N_("Ranks items by a linear sum over the history, with weights in closed form."),
        "recsys.models.ease",
        "Ease",
    ),
    "sasrec": ModelSpec(
        "SASRec",
        N_("transformer over the history"),
        N_("Predicts the next item by self-attention over the order of events."),
        "recsys.models.sasrec",
        "SASRec",
        gradient=True,
    ),
    "sasrec-text-start": ModelSpec(
        N_("SASRec (text initialisation)"),
        N_("transformer, embeddings initialised with texts"),
        N_("SASRec whose item embeddings are initialised with the embeddings of their texts."),
        "recsys.models.sasrec",
        "SASRec",
        preset=(("text", "start"),),
        needs=("words",),
        gradient=True,
    ),
    "sasrec-text-frozen": ModelSpec(
        N_("SASRec (text only)"),
        N_("transformer, texts as embeddings"),
        N_("SASRec whose item embeddings are projected embeddings of their texts."),
        "recsys.models.sasrec",
        "SASRec",
        preset=(("text", "frozen"),),
        needs=("words",),
        gradient=True,
    ),
    "sasrec-text": ModelSpec(
        N_("SASRec (text)"),
        N_("transformer, texts plus learnt embeddings"),
        N_("SASRec whose item embeddings are the sum of their text embeddings and a learnt difference."),
        "recsys.models.sasrec",
        "SASRec",
        preset=(("text", "delta"),),
        needs=("words",),
        gradient=True,
    ),
    "sasrec-time": ModelSpec(
        N_("SASRec (time and place)"),
        N_("transformer with time and distance"),
        N_("SASRec that uses hours, time gaps and, where places are known, distances."),
        "recsys.models.sasrec",
        "SASRec",
        preset=(("time_bias", True), ("distance_bias", True)),
        aware=("time", "place"),
        needs=("time",),
        gradient=True,
    ),
    "lstm-lm": ModelSpec(
        "LSTM-LM",
        N_("language model whose words are items"),
        N_("A language model over items: an LSTM reads the history and predicts the next item."),
        "recsys.models.lstm_lm",
        "LstmLm",
        gradient=True,
    ),
    "llm-lstm": ModelSpec(
        "LLM-LSTM",
        N_("events as text, read by an LSTM"),
        N_("Describes each event by the texts of item, behaviour and time; an LSTM predicts the next item and the next behaviour."),
        "recsys.models.llm_lstm",
        "LlmLstm",
        aware=("time",),
        needs=("words",),
        gradient=True,
    ),
    "long-short": ModelSpec(
        N_("Long- and short-term interest"),
        N_("attention and LSTM with a gate"),
        N_("An LSTM for the short-term interest, attention for the long-term interest, and a gate that mixes the two."),
        "recsys.models.long_short",
        "LongShort",
        preset=(("part", "both"),),
        gradient=True,
    ),
    "long-only": ModelSpec(
        N_("Long-term interest"),
        N_("attention alone"),
        N_("The model of long- and short-term interest without its short-term part."),
        "recsys.models.long_short",
        "LongShort",
        preset=(("part", "long"),),
        gradient=True,
    ),
    "short-only": ModelSpec(
        N_("Short-term interest"),
        N_("LSTM alone"),
        N_("The model of long- and short-term interest without its long-term part."),
        "recsys.models.long_short",
        "LongShort",
        preset=(("part", "short"),),
        gradient=True,
    ),
    "association": ModelSpec(
        N_("Association model"),
        N_("a user vector updated with every event"),
        N_(
            "Updates a user vector with every event and scores it against item texts; predicts ratings where there are any and reacts to likes at once."
        ),
        "recsys.models.association",
        "Association",
        needs=("words",),
        gradient=True,
    ),
    "spatiotemporal": ModelSpec(
        N_("Spatiotemporal transformer"),
        N_("text, time and place"),
        N_("Combines item texts, times and distances, with a pointer to the user’s own events."),
        "recsys.models.spatiotemporal",
        "SpatioTemporal",
        preset=(("time", True), ("place", True)),
        aware=("time", "place"),
        needs=("time", "words"),
        gradient=True,
    ),
    "spatiotemporal-evolving": ModelSpec(
        N_("Spatiotemporal transformer (evolving items)"),
        N_("items change with their users"),
        N_("The spatiotemporal transformer with item embeddings that change with the users who chose the item lately."),
        "recsys.models.spatiotemporal",
        "SpatioTemporal",
        preset=(("time", True), ("place", True), ("evolves", True)),
        aware=("time", "place"),
        needs=("time", "words"),
        gradient=True,
    ),
    "spatiotemporal-tuned": ModelSpec(
        N_("Spatiotemporal transformer (fine-tuned text)"),
        N_("text encoder fine-tuned with LoRA"),
        N_("The spatiotemporal transformer that also fine-tunes the last layers of the sentence encoder."),
        "recsys.models.spatiotemporal",
        "SpatioTemporal",
        preset=(("time", True), ("place", True), ("text", "tuned")),
        aware=("time", "place"),
        needs=("time", "words"),
        gradient=True,
    ),
    "spatiotemporal-blind": ModelSpec(
        N_("Spatiotemporal transformer (no context)"),
        N_("text alone, without time and place"),
        N_("The spatiotemporal transformer without time and place: the ablation that shows what they add."),
        "recsys.models.spatiotemporal",
        "SpatioTemporal",
        preset=(("time", False), ("place", False)),
        needs=("words",),
        gradient=True,
    ),
    "fusion": ModelSpec(
        N_("Fusion"),
        N_("several models with learnt weights"),
        N_("Combines the rankings of several models, weighted by what each adds on the validation events."),
        "recsys.models.fusion",
        "Fusion",
        preset=(("kind", "learnt"),),
        aware=("time", "place"),
        parts=FUSED,
    ),
    "fusion-rrf": ModelSpec(
        N_("Reciprocal rank fusion"),
        N_("several models, ranks added up"),
        N_("Combines the rankings of the same models by the sum of their reciprocal ranks."),
        "recsys.models.fusion",
        "Fusion",
        preset=(("kind", "reciprocal"),),
        aware=("time", "place"),
        parts=FUSED,
    ),
    "llm-rank": ModelSpec(
        N_("LLM ranking"),
        N_("zero-shot language model on a short list"),
        N_("A language model that was not trained on this data orders a short list by how well each title continues the last ones."),
        "recsys.models.llm_rank",
        "LlmRank",
        needs=("title",),
        candidates_only=True,
    ),
}


IMPORTED_MODELS: dict[str, ModelSpec] = {
    "lists": ModelSpec(
        N_("Imported lists"),
        N_("from a file"),
        N_("Shows finished recommendations from a file; items outside a list are not listed."),
        "recsys.models.imported.recommendation_lists",
        "RecommendationLists",
    ),
    "vectors": ModelSpec(
        N_("Imported vectors"),
        N_("from a file"),
        N_("Ranks items by the similarity of their vectors to that of the user, or to the items of the history."),
        "recsys.models.imported.vector_model",
        "VectorModel",
    ),
    "recbole-sasrec": ModelSpec(
        N_("SASRec (RecBole)"),
        N_("transformer"),
        N_("A SASRec model that RecBole trained; scores are equal to RecBole’s."),
        "recsys.models.imported.recbole_sasrec",
        "RecBoleSASRec",
    ),
    "recbole-gru4rec": ModelSpec(
        N_("GRU4Rec (RecBole)"),
        N_("GRU"),
        N_("A GRU4Rec model that RecBole trained; scores are equal to RecBole’s."),
        "recsys.models.imported.recbole_gru4rec",
        "RecBoleGRU4Rec",
    ),
    "recbole-bert4rec": ModelSpec(
        N_("BERT4Rec (RecBole)"),
        N_("masked transformer"),
        N_("A BERT4Rec model that RecBole trained; scores are equal to RecBole’s."),
        "recsys.models.imported.recbole_bert4rec",
        "RecBoleBERT4Rec",
    ),
    "recbole-narm": ModelSpec(
        N_("NARM (RecBole)"),
        N_("GRU with attention"),
        N_("A NARM model that RecBole trained; scores are equal to RecBole’s."),
        "recsys.models.imported.recbole_narm",
        "RecBoleNARM",
    ),
    "rectools-sasrec": ModelSpec(
        N_("SASRec (RecTools)"),
        N_("transformer"),
        N_("A SASRec model that RecTools trained; scores are equal to those of RecTools."),
        "recsys.models.imported.rectools_transformers",
        "RecToolsSASRec",
    ),
    "rectools-bert4rec": ModelSpec(
        N_("BERT4Rec (RecTools)"),
        N_("masked transformer"),
        N_("A BERT4Rec model that RecTools trained; scores are equal to those of RecTools."),
        "recsys.models.imported.rectools_transformers",
        "RecToolsBERT4Rec",
    ),
    "hf-causal": ModelSpec(
        N_("Causal language model"),
        N_("Hugging Face"),
        N_("A causal transformer over item tokens; the scores are those of the next token."),
        "recsys.models.imported.hugging_face",
        "HuggingFaceCausal",
    ),
    "hf-masked": ModelSpec(
        N_("Masked language model"),
        N_("Hugging Face"),
        N_("A masked transformer over item tokens; the scores are those of a masked token after the history."),
        "recsys.models.imported.hugging_face",
        "HuggingFaceMasked",
    ),
    "onnx": ModelSpec(
        N_("ONNX model"),
        N_("a network from a file"),
        N_("A network in the ONNX format that reads the item codes of a history and returns a score for every item."),
        "recsys.models.imported.onnx_model",
        "OnnxModel",
    ),
    "code": ModelSpec(
        N_("Python code"),
        N_("runs in this process"),
        N_("An object in Python that recommends items or scores histories; named on the command line that starts the app."),
        "recsys.models.imported.python_model",
        "PythonModel",
    ),
}
"""Models that are brought from outside; `recsys/model_import` reads them. They are checkpoints like all others, but cannot be trained here."""

KNOWN_MODELS: Mapping[str, ModelSpec] = ChainMap(IMPORTED_MODELS, MODELS)  # the last one comes first
"""Specs of all models that a checkpoint can hold."""


def find_model_spec(name: str) -> ModelSpec:
    """Return the spec of a model, trained here or imported; an unknown name is an error that offers the nearest ones."""
    if name not in KNOWN_MODELS:
        raise unknown("model", name, KNOWN_MODELS)
    return KNOWN_MODELS[name]
