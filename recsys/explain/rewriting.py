"""An explanation in other words, written by a language model and shown only if every claim in it holds."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from recsys.explain.checking import objections
from recsys.explain.facts import Facts

VARIABLE = "RECSYS_LANGUAGE_MODEL"
"""Names another language model than the one that can be installed: a folder, a GGUF file or a Hugging Face id."""
TEMPERATURES = (0.0, 0.5, 0.8)
"""One attempt each: the likeliest words first, then freer ones."""
TOKENS = 120
ASK = "Say this in other words. Keep every name, every number and every direction. Add nothing.\n"
TOLD = (
    (
        "Recommended at place 2 because of “Harbour Café” (2 days before) above all: 81% of what pushes it up.",
        "What lifts it to place 2 is mainly “Harbour Café” (2 days before), with 81% of what pushes it up.",
    ),
    (
        "Recommended at place 3 because of “The Blue Door” and “Corner Books”, together 62% of what pushes it up. “Old Mill” speaks "
        "against it. Without “The Blue Door” it would be at place 17, and “Red Lamp” would come in.",
        "It stands at place 3 thanks to “The Blue Door” and “Corner Books”, which together make 62% of what lifts it. “Old Mill” counts "
        "against it. If “The Blue Door” were gone, it would drop to place 17, and “Red Lamp” would take its place.",
    ),
)

Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Rewriting:
    """`text` is what to show: in other words if `other`, else the template. `refused` are attempts with the reasons against each."""

    text: str
    other: bool
    refused: tuple[tuple[str, tuple[str, ...]], ...]


def check_writer(name: str = "") -> None:
    """An error in a line where the language model is not there; loads nothing."""
    from recsys.language_model import locate  # torch comes with it, which the first page does without

    locate(name or os.environ.get(VARIABLE, ""), f"--writer FOLDER, or {VARIABLE}=FOLDER")


def rewritten(facts: Facts, name: str = "", report: Report | None = None) -> Rewriting:
    """The text of the facts in other words, from the first of three attempts that says them and nothing else.

    `report` hears (what, done, of) after every token, some eight a second on two cores; what it raises ends the work.
    """
    from recsys.language_model import LanguageModel

    model = LanguageModel(name or os.environ.get(VARIABLE, ""))
    refused: list[tuple[str, tuple[str, ...]]] = []
    told = [(ASK + text, answer) for text, answer in TOLD]
    for attempt, temperature in enumerate(TEMPERATURES):
        says = f"attempt {attempt + 1} of {len(TEMPERATURES)}"

        def heard(done: int, of: int, says: str = says) -> None:
            if report is not None:
                report(says, done, of)

        text = model.written(told, ASK + facts.text, TOKENS, temperature, attempt, heard)
        reasons = objections(text, facts) or (("says it in the same words",) if _letters(text) == _letters(facts.text) else ())
        if not reasons:
            return Rewriting(text, True, tuple(refused))
        refused.append((text, reasons))
    return Rewriting(facts.text, False, tuple(refused))


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).casefold().strip()
