"""Language models of transformers over item ids: causal ones (GPT-2, Llama) and masked ones (BERT).

Built by transformers from the settings of the model's own config; no code that comes with a model is ever run. An event is a
token; `prefix` and `suffix` are the tokens that the tokenizer puts around a history, such as [BOS], or [CLS] and [SEP].
"""

from dataclasses import dataclass, field
from typing import Any, Self, cast

import numpy as np
import torch
from torch import Tensor

from recsys.core.translation import N_
from recsys.models.base.settings import check_at_least
from recsys.models.imported.sequence_model import ImportedSequenceModel, TracesByStep

BATCH_LOGITS = 2**26
"""Scores of tokens computed at once by a masked model: 256 MB."""
STATE = "model."
"""Prefix of the names of the language model's own tensors in a checkpoint."""


@dataclass(frozen=True)
class HuggingFaceConfig:
    """Type and settings of a model of transformers, in the words of its config.json; `max_length` counts tokens, special ones included."""

    model_type: str = "gpt2"
    settings: dict = field(default_factory=dict)
    max_length: int = 200
    prefix: tuple[int, ...] = ()
    suffix: tuple[int, ...] = ()
    mask: int = -1

    def __post_init__(self) -> None:
        check_at_least(1 + len(self.prefix) + len(self.suffix) + (self.mask >= 0), self, "max_length")

    @property
    def shows_attention(self) -> bool:
        """Whether a model with these settings has attention over single events."""
        return self.mask < 0


def build_network(config: HuggingFaceConfig) -> Any:
    """Return the untrained model of a config, without changing the state of the random numbers; problems are errors and not printed."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM
    from transformers.utils import logging

    kind = AutoModelForCausalLM if config.mask < 0 else AutoModelForMaskedLM
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    try:
        settings = AutoConfig.for_model(config.model_type, **config.settings)
        with torch.random.fork_rng(devices=[]):
            return kind.from_config(settings, attn_implementation="eager", trust_remote_code=False).eval().requires_grad_(False)
    finally:
        logging.set_verbosity(verbosity)


def load_state(network: Any, state: dict[str, np.ndarray]) -> None:
    """Set all parameters of a network; of tied ones, one of each pair is enough."""
    tied = dict(getattr(network, "all_tied_weights_keys", {}))
    whole = dict(state)
    for one, other in tied.items():
        for name, twin in ((one, other), (other, one)):
            if name not in whole and twin in whole:
                whole[name] = whole[twin]
    network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in whole.items()})
    network.tie_weights()


class HuggingFaceModel(ImportedSequenceModel):
    """A language model of transformers: the network, its arrays, and the special tokens around a history."""

    Config = HuggingFaceConfig
    network: Any

    @property
    def window(self) -> int:
        return int(self.config.max_length) - len(self.config.prefix) - len(self.config.suffix) - (self.config.mask >= 0)

    def item_vectors(self) -> Tensor:
        """Return the input vectors (n_items, D) of the items; zeros for those that the model does not know."""
        weight = self.network.get_input_embeddings().weight.detach().cpu()
        vectors = torch.zeros(len(self.codes), weight.shape[1])
        vectors[self.known_columns] = weight[self.codes[self.known_columns]]
        return vectors

    def to(self, device: torch.device) -> Self:
        """Move the model to a device."""
        self.network.to(device)
        return self

    def arrays(self) -> dict[str, np.ndarray]:
        tied = getattr(self.network, "all_tied_weights_keys", {})
        state = {name: value.detach().cpu().numpy() for name, value in self.network.state_dict().items() if name not in tied}
        return {"codes": self.codes, **{STATE + name: value for name, value in state.items()}}

    @classmethod
    def restore(cls, item_ids: np.ndarray, config: Any, arrays: dict[str, np.ndarray]) -> Self:
        model = cls(item_ids, config, arrays["codes"])
        model.network = build_network(config)
        load_state(model.network, {name.removeprefix(STATE): value for name, value in arrays.items() if name.startswith(STATE)})
        return model

    def tokens(self, windows: np.ndarray) -> Tensor:
        """Return the tokens (B, T) of windows with the special ones around them."""
        before, after = self.config.prefix, ((self.config.mask,) if self.config.mask >= 0 else ()) + tuple(self.config.suffix)
        around = [np.tile(np.array(each, dtype=np.int64), (len(windows), 1)) for each in (before, after)]
        return torch.from_numpy(np.concatenate([around[0], windows, around[1]], axis=1)).to(self.network.device)


class HuggingFaceCausal(HuggingFaceModel, TracesByStep):
    """A causal language model: the scores are the logits after the last event.

    A model without a token before the first event has no state for an empty history, which scores all items alike.
    """

    @torch.inference_mode()
    def encode_windows(self, windows: np.ndarray) -> np.ndarray:
        if not windows.shape[1] and not self.config.prefix:
            return np.zeros((len(windows), self._size()), dtype=np.float32)
        return self._states(windows)[:, -1].cpu().numpy()

    @torch.inference_mode()
    def encode_prefixes(self, window: np.ndarray) -> np.ndarray:
        if self.config.suffix:
            return super().encode_prefixes(window)
        start = self.encode_windows(window[None, :0])
        if not len(window):
            return start
        return np.concatenate([start, self._states(window[None])[0, len(self.config.prefix) :].cpu().numpy()])

    @torch.inference_mode()
    def score_states(self, states: np.ndarray) -> np.ndarray:
        values = torch.from_numpy(np.ascontiguousarray(states)).to(self.network.device)
        return cast(np.ndarray, self.network.get_output_embeddings()(values).cpu().numpy())

    @torch.inference_mode()
    def attend(self, window: np.ndarray) -> np.ndarray:
        before = max(len(self.config.prefix), 1)
        if not len(window) and not self.config.prefix:
            return np.ones((self.network.config.num_hidden_layers, self.network.config.num_attention_heads, 1, 1), dtype=np.float32)
        layers = self.network.base_model(self.tokens(window[None]), use_cache=False, output_attentions=True).attentions
        weights = torch.stack([each[0] for each in layers]).float().cpu().numpy()
        if not self.config.prefix:  # no token before the first event
            weights = np.pad(weights, ((0, 0), (0, 0), (1, 0), (1, 0)))
            weights[..., 0, 0] = 1.0
        rows = weights[..., before - 1 :, :]
        return np.concatenate([rows[..., :before].sum(axis=-1, keepdims=True), rows[..., before:]], axis=-1)

    def fallbacks(self, requests: Any) -> list[str | None]:
        if self.config.prefix:
            return super().fallbacks(requests)
        return [reason and N_("no history yet: all items score the same") for reason in super().fallbacks(requests)]

    def _states(self, windows: np.ndarray) -> Tensor:
        return cast(Tensor, self.network.base_model(self.tokens(windows), use_cache=False).last_hidden_state)

    def _size(self) -> int:
        return int(self.network.get_output_embeddings().in_features)


class HuggingFaceMasked(HuggingFaceModel):
    """A masked language model: a mask follows the last event, and the scores are its logits."""

    @torch.inference_mode()
    def score_windows(self, windows: np.ndarray) -> np.ndarray:
        at = len(self.config.prefix) + windows.shape[1]
        return cast(np.ndarray, self.network(self.tokens(windows)).logits[:, at].cpu().numpy())

    def batch_size(self, length: int) -> int:
        logits = (length + len(self.config.prefix) + len(self.config.suffix) + 1) * int(self.network.config.vocab_size)
        return max(1, min(super().batch_size(length), BATCH_LOGITS // logits))
