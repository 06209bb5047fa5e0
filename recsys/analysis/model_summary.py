"""Architecture of a model: its parts as a tree, with their numbers of parameters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys.core.formatting import format_number
from recsys.core.translation import N_, _

# Titles of parts by their names in checkpoints, which stay the same; other names are shown as they are.
TITLES = {
    "asked": N_("projection of the request time"),
    "asked_out": N_("output projection of the request time"),
    "asking": N_("query projection"),
    "attention": N_("self-attention"),
    "attention_gate": N_("attention gate"),
    "attention_norm": N_("attention layer norm"),
    "audience": N_("audience of the items by period"),
    "behaviour": N_("behaviour head"),
    "behaviour_text": N_("behaviour text embeddings"),
    "bias": N_("bias"),
    "blocks": N_("blocks"),
    "changed": N_("projection of the audience"),
    "codes": N_("codes of the items"),
    "common": N_("item popularity"),
    "contexts": N_("contexts"),
    "counts": N_("counts"),
    "data": N_("values"),
    "did": N_("projection of behaviours"),
    "distance": N_("distance bias"),
    "down": N_("LoRA down-projections"),
    "embedding": N_("item embeddings"),
    "event_items": N_("items of the events"),
    "event_times": N_("times of the events"),
    "follow": N_("transition counts"),
    "follows": N_("preceding-item bias"),
    "friends": N_("friends"),
    "gate": N_("gate"),
    "happened": N_("projection of event times"),
    "here": N_("projection of the request’s place"),
    "hour": N_("hour bias"),
    "hours": N_("hour embeddings"),
    "indices": N_("column indices"),
    "indptr": N_("row offsets"),
    "interest": N_("interest projection"),
    "item": N_("item projection"),
    "items": N_("item embeddings"),
    "item_spot": N_("projection of item places"),
    "known": N_("items with a text"),
    "last": N_("embeddings of the last item"),
    "last_norm": N_("last layer norm"),
    "look": N_("long-term attention"),
    "lstm": N_("LSTM"),
    "map": N_("text projection"),
    "middle": N_("centre"),
    "mix_gate": N_("feed-forward gate"),
    "mix_in": N_("feed-forward input"),
    "mix_norm": N_("feed-forward layer norm"),
    "mix_out": N_("feed-forward output"),
    "next": N_("embeddings of the next item"),
    "norm": N_("layer norm"),
    "nothing": N_("pointer gate"),
    "onnx": N_("ONNX network"),
    "of_both": N_("interaction of user and item"),
    "of_item": N_("projection of the item"),
    "of_person": N_("projection of the user"),
    "order": N_("order bias"),
    "out": N_("output projection"),
    "people": N_("user index"),
    "person": N_("user embeddings"),
    "places": N_("places of the items"),
    "pointer": N_("pointer to own events"),
    "positions": N_("position embeddings"),
    "project": N_("query, key and value projection"),
    "rates": N_("association rates"),
    "rating": N_("rating head"),
    "similar": N_("item similarities"),
    "situation": N_("projection of the request"),
    "spelled": N_("behaviour names"),
    "spots": N_("place features"),
    "strength": N_("softmax temperature"),
    "taste": N_("rating projection"),
    "text": N_("text embeddings"),
    "time": N_("time bias"),
    "took": N_("items of the users"),
    "tuned": N_("LoRA encoder"),
    "turns": N_("period boundaries"),
    "up": N_("LoRA up-projections"),
    "vectors": N_("vectors"),
    "waves": N_("Fourier frequencies"),
    "weight": N_("weight"),
    "weights": N_("weights"),
    "when_text": N_("time-of-day text embeddings"),
}
NUMBERED = {"blocks": N_("block {number}")}


@dataclass(frozen=True)
class ModelPart:
    """One part of a model and the parts within it.

    `path` is its name from the model down, "" for the model itself; `module` is the class of a module, "" for a group of arrays, and
    `shape` that of an array. `size` counts its parameters and those of all its parts, `trainable` those of them that training
    changed; the others are fixed, such as text embeddings.
    """

    path: str
    module: str
    size: int
    trainable: int
    parts: tuple["ModelPart", ...] = ()
    shape: tuple[int, ...] | None = None

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def title(self) -> str:
        """The name in the reader's language; the third of several blocks is "block 3"."""
        if not self.path:
            return _("the model")
        if self.name.isdigit():
            group, number = self.path.rpartition(".")[0].rpartition(".")[2].rpartition("/")[2], format_number(int(self.name) + 1)
            return _(NUMBERED.get(group, N_("part {number}")), number=number)
        model, _slash, name = self.name.rpartition("/")
        title = _(TITLES[name]) if name in TITLES else name.strip("_").replace("_", " ")
        return _("{model}: {part}", model=model, part=title) if model else title

    @property
    def kind(self) -> str:
        """The class of a module, or the shape of an array such as 512 × 64, in the reader's language."""
        if self.shape is None:
            return self.module
        return " × ".join(format_number(side) for side in self.shape) or _("scalar")

    def walk(self) -> Iterator["ModelPart"]:
        """Yield this part, and then all within it, each before its own parts."""
        yield self
        for part in self.parts:
            yield from part.walk()


def summarize_model(model: Any) -> ModelPart:
    """Return the modules of a torch model down to its parameters; for count-based models their arrays, by the dots in their names."""
    arrays: Mapping[str, np.ndarray] = model.arrays()
    torch = hasattr(model, "named_parameters")
    trainable = {name for name, _parameter in model.named_parameters()} if torch else set(arrays)
    modules = {name: type(module).__name__ for name, module in model.named_modules()} if torch else {"": type(model).__name__}
    return _part("", arrays, trainable, modules)


def _part(path: str, arrays: Mapping[str, np.ndarray], trainable: set[str], modules: Mapping[str, str]) -> ModelPart:
    if path in arrays:
        values = arrays[path]
        return ModelPart(path, "", values.size, values.size * (path in trainable), shape=values.shape)
    start = f"{path}." if path else ""
    names = dict.fromkeys(start + name[len(start) :].partition(".")[0] for name in arrays if name.startswith(start))
    parts = tuple(_part(name, arrays, trainable, modules) for name in names)
    return ModelPart(path, modules.get(path, ""), sum(part.size for part in parts), sum(part.trainable for part in parts), parts)
