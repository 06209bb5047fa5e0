"""Names and descriptions of places, from a small grammar with facts for every category, and names of residents."""

import re
from collections.abc import Mapping, Sequence
from string import Formatter

import numpy as np

from recsys.simulation.categories import CATEGORY_NAMES
from recsys.simulation.lexicon import (
    AIRS,
    CLOSINGS,
    CROWDS,
    FACTS,
    FIRST_NAMES,
    FRAMES,
    GROUP_OF_NAME,
    HISTORIES,
    LAST_NAMES,
    MOODS,
    NAME_ADJECTIVES,
    NAME_NOUNS,
    NAME_PATTERNS,
    OPEN_AIR_HISTORIES,
    OPEN_AIR_MOODS,
    OPEN_AIR_OPENINGS,
    OPENINGS,
    PRACTICAL,
    STREETS,
    opening_hours,
)
from recsys.simulation.terrain import DISTRICTS


def name_places(rng: np.random.Generator, categories: np.ndarray) -> list[str]:
    """Return a unique name for each place that fits its category."""
    taken: set[str] = set()
    names = []
    for category in categories:
        name = _place_name(rng, CATEGORY_NAMES[category])
        for attempt in range(200):
            if name not in taken:
                break
            name = _place_name(rng, CATEGORY_NAMES[category])
            if attempt >= 50:  # a city far larger than the grammar: add an address
                name = f"{name}, {_pick(rng, STREETS)} {int(rng.integers(1, 400))}"
        taken.add(name)
        names.append(name)
    return names


def describe_places(rng: np.random.Generator, names: list[str], categories: np.ndarray, districts: np.ndarray) -> list[str]:
    """Return two to five sentences for each place: an opening, and some of its speciality, mood, crowd, hours, history and practical facts."""
    return [
        _description(rng, name, CATEGORY_NAMES[category], int(district))
        for name, category, district in zip(names, categories, districts, strict=True)
    ]


def name_people(rng: np.random.Generator, people: int) -> list[str]:
    """Return a unique name for each resident."""
    pairs = len(FIRST_NAMES) * len(LAST_NAMES)
    order = rng.permutation(pairs)
    names = []
    for person in range(people):
        first, last = divmod(int(order[person % pairs]), len(LAST_NAMES))
        again = person // pairs
        names.append(f"{FIRST_NAMES[first]} {_initials(again)}{LAST_NAMES[last]}")
    return names


def _initials(number: int) -> str:
    """Return '' for the first bearer of a name, then 'A. ', 'B. ', … 'A. A. ', so that names are unique."""
    letters = ""
    while number > 0:
        number, letter = divmod(number - 1, 26)
        letters = f"{chr(65 + letter)}. {letters}"
    return letters


def _place_name(rng: np.random.Generator, category: str) -> str:
    patterns = NAME_PATTERNS[category]
    return _fill(rng, _pick(rng, patterns), {"last": LAST_NAMES, "first": FIRST_NAMES, "street": STREETS,
                                             "adjective": NAME_ADJECTIVES, "noun": NAME_NOUNS})  # fmt: skip


def _description(rng: np.random.Generator, name: str, category: str, district: int) -> str:
    facts, open_air = FACTS[category], GROUP_OF_NAME[category] == "outdoors"
    moods = OPEN_AIR_MOODS if open_air else MOODS
    specialities = [facts.specialities[i] for i in rng.permutation(len(facts.specialities))[:3]]
    given: dict[str, Sequence[str]] = {
        "name": [name], "kind": facts.kinds, "district": [DISTRICTS[district].name], "hint": [DISTRICTS[district].hint],
        "speciality": specialities[:1], "second": specialities[1:2], "third": specialities[2:3], "mood": moods, "other_mood": moods, "air": AIRS,
        "crowd": CROWDS[GROUP_OF_NAME[category]], "history": OPEN_AIR_HISTORIES if open_air else HISTORIES, "hours": opening_hours(rng, category), "last": LAST_NAMES,
        "first": FIRST_NAMES, "street": STREETS, "year": [str(int(rng.integers(1921, 2023)))], "number": [str(int(rng.integers(2, 99)))],
    }  # fmt: skip
    sides = ["speciality", "mood", "crowd", "hours", "history", "practical"]
    chosen = [sides[i] for i in rng.permutation(len(sides))[: int(rng.integers(1, 5))]]
    if "speciality" not in chosen and rng.random() < 0.8:
        chosen.insert(0, "speciality")
    sentences = [_pick(rng, OPEN_AIR_OPENINGS if open_air else OPENINGS)]
    for side in chosen:
        frame = "open air" if open_air and side == "history" else side
        sentences.append(_pick(rng, PRACTICAL[GROUP_OF_NAME[category]] if side == "practical" else FRAMES[frame]))
    if rng.random() < 0.25:
        sentences.append(_pick(rng, CLOSINGS))
    return " ".join(_sentence(_fill(rng, sentence, given)) for sentence in sentences)


def _fill(rng: np.random.Generator, pattern: str, given: Mapping[str, Sequence[str]]) -> str:
    fields = {field for _, field, _, _ in Formatter().parse(pattern) if field}
    return pattern.format(**{field: _pick(rng, given[field]) for field in sorted(fields)})


def _sentence(text: str) -> str:
    """Begin a text with a capital, and write 'an' before a vowel sound."""
    text = re.sub(r"\b([Aa]) (?=[aeio](?!ne-)|u(?!ni))", r"\1n ", text)
    return text[0].upper() + text[1:]


def _pick(rng: np.random.Generator, options: Sequence[str]) -> str:
    return options[int(rng.integers(len(options)))]
