"""The vocabulary of a Hugging Face folder: which token is which item, and which ones are special."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recsys.core import Dataset
from recsys.core.dataset import Check
from recsys.core.errors import CheckpointError
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _
from recsys.model_import.folders import find_item_list, read_json
from recsys.model_import.matching import match_items, to_ids
from recsys.model_import.options import ImportOptions

SPECIAL = re.compile(r"\[[A-Za-z]+\d*\]|<\|?[/A-Za-z_]+\|?>|PAD|MASK")
"""Tokens that are special in most vocabularies: [PAD], <s>, <|endoftext|>."""
MOST_TOKENS = 2**31
ROLES = ("pad", "bos", "eos", "mask", "cls", "sep", "unk")


@dataclass(frozen=True, eq=False)
class Tokens:
    """Tokens by number, and the special ones: `special` numbers, `mask` or None, and what the tokenizer puts before and after a history."""

    names: dict[int, str]
    special: frozenset[int]
    mask: int | None = None
    prefix: tuple[int, ...] = ()
    suffix: tuple[int, ...] = ()


def read_tokens(folder: Path, config: dict[str, Any], options: ImportOptions) -> Tokens | None:
    """Return the tokens of a folder: from a list of items in the order of the tokens, tokenizer.json, vocab.json or vocab.txt; None without any."""
    roles = _read_roles(folder)
    special: set[int | None] = set()  # not those of the config, whose defaults may be the numbers of items
    mask = config.get("mask_token_id")
    mask = mask if isinstance(mask, int) else None
    prefix: tuple[int, ...] = ()
    suffix: tuple[int, ...] = ()
    listed = find_item_list(folder, options)
    tokenizer = read_json(folder / "tokenizer.json") if (folder / "tokenizer.json").is_file() else {}
    try:
        if listed is not None:
            names = dict(enumerate(map(str, listed)))
        elif tokenizer:
            vocabulary = tokenizer["model"]["vocab"]
            names = _by_number(vocabulary if isinstance(vocabulary, dict) else {token: at for at, (token, _score) in enumerate(vocabulary)})
            names |= {_check_number(each["id"]): str(each["content"]) for each in tokenizer.get("added_tokens") or ()}
        elif (folder / "vocab.json").is_file():
            names = _by_number(read_json(folder / "vocab.json"))
        elif (folder / "vocab.txt").is_file():
            names = dict(enumerate((folder / "vocab.txt").read_text(encoding="utf-8").splitlines()))
        else:
            return None
        special |= {_check_number(each["id"]) for each in tokenizer.get("added_tokens") or () if each.get("special")}
        prefix, suffix = _read_template(tokenizer.get("post_processor") or {})
    except (KeyError, TypeError, ValueError, AttributeError, OSError) as error:
        raise CheckpointError(
            _(
                "the vocabulary of {folder} cannot be read ({reason}); give the items in the order of the tokens with --items",
                folder=folder,
                reason=error,
            )
        ) from error
    number_of = {name: number for number, name in names.items()}
    special |= {number for number, name in names.items() if SPECIAL.fullmatch(name)} | {number_of.get(name) for name in roles.values()}
    for candidate in (roles.get("mask"), "[MASK]", "<mask>", "MASK"):
        mask = number_of.get(candidate, mask) if mask is None and candidate else mask
    return Tokens(names, frozenset(each for each in special if isinstance(each, int)), mask, prefix, suffix)


def match_tokens(tokens: Tokens, n_tokens: int, dataset: Dataset, options: ImportOptions) -> tuple[np.ndarray, tuple[Check, ...]]:
    """Return the token (n_items,) of each item of the dataset, −1 where there is none, and the report lines.

    Where hardly any token is an item, what all of them begin and end with is left out: "<item_42>" is then "42".
    """
    numbers = np.array(sorted(number for number in tokens.names if number not in tokens.special), dtype=np.int64)
    if len(numbers) and numbers[-1] >= n_tokens:
        raise CheckpointError(
            _(
                "the vocabulary names {listed} tokens and the model has {tokens}; give the items in the order of its tokens, special ones included",
                listed=format_number(int(numbers[-1]) + 1),
                tokens=format_number(n_tokens),
            )
        )
    names = to_ids([tokens.names[number] for number in numbers.tolist()])
    checks: tuple[Check, ...] = ()
    if (dataset.vocabulary.encode(names) > 0).mean() < options.least_overlap if len(names) else False:
        short, left_out = _without_affixes(names, dataset.item_ids)
        if (dataset.vocabulary.encode(short) > 0).mean() >= options.least_overlap:
            names = short
            checks = (Check(N_("item tokens read without '{affix}'"), len(names), "kept", {"affix": left_out}),)
    found = match_items(names, dataset, options.least_overlap)
    codes = np.where(found.columns < 0, -1, numbers[np.maximum(found.columns, 0)])
    return codes, found.matches + checks


def _without_affixes(names: np.ndarray, item_ids: np.ndarray) -> tuple[np.ndarray, str]:
    """Return names without the beginning and end that all share and item ids do not, and these as "<item_…>"."""
    before = _shared_start(names).removesuffix(_shared_start(item_ids))
    after = _shared_start([name[::-1] for name in names])[::-1].removeprefix(_shared_start([name[::-1] for name in item_ids])[::-1])
    short = np.array([name[len(before) : len(name) - len(after)] for name in names], dtype=object)
    return short, f"{before}…{after}"


def _shared_start(names: Iterable[str]) -> str:
    """Return what all names begin with, without digits at its end: those differ between other names."""
    first, last = min(names), max(names)
    shared = first[: next((at for at, (one, other) in enumerate(zip(first, last)) if one != other), len(first))]
    return shared.rstrip("0123456789")


def _by_number(vocabulary: dict[str, int]) -> dict[int, str]:
    names = {_check_number(number): str(name) for name, number in vocabulary.items()}
    if len(names) < len(vocabulary):
        raise ValueError("two tokens have one number")
    return names


def _check_number(number: Any) -> int:
    if not isinstance(number, int) or not 0 <= number < MOST_TOKENS:
        raise ValueError(f"{str(number)[:50]} is not the number of a token")
    return number


def _read_roles(folder: Path) -> dict[str, str]:
    """Return the names of special tokens by role ("mask": "[MASK]") from the files in which tokenizers keep them."""
    roles = {}
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        values = read_json(folder / name) if (folder / name).is_file() else {}
        for role in ROLES:
            token = values.get(f"{role}_token") if isinstance(values, dict) else None
            token = token.get("content") if isinstance(token, dict) else token
            if isinstance(token, str):
                roles[role] = token
    return roles


def _read_template(processor: dict[str, Any]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the tokens that a tokenizer.json puts before and after one text."""
    kind = processor.get("type")
    if kind == "Sequence":
        parts = [_read_template(each) for each in processor["processors"]]
        return tuple(one for before, _after in parts for one in before), tuple(one for _before, after in parts for one in after)
    if kind in ("BertProcessing", "RobertaProcessing"):
        return (_check_number(processor["cls"][1]),), (_check_number(processor["sep"][1]),)
    if kind != "TemplateProcessing":
        return (), ()
    single: Iterable[dict[str, Any]] = processor["single"]
    ids = [
        [*map(_check_number, processor["special_tokens"][each["SpecialToken"]["id"]]["ids"])] if "SpecialToken" in each else None
        for each in single
    ]
    text = ids.index(None)
    return _flat(ids[:text]), _flat(ids[text + 1 :])


def _flat(lists: list[list[int] | None]) -> tuple[int, ...]:
    return tuple(one for each in lists for one in each or ())
