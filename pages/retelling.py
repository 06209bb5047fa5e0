"""The sentence of an explanation in other words, on request: by the optional language model, and only if every claim in it holds."""

import streamlit as st

from pages import look
from pages.boundary import boundary, plain
from pages.explaining import Case
from pages.loaders.explained import question, shelf
from recsys.errors import DataError
from recsys.explain.facts import Facts
from recsys.explain.inquiry import Inquiry
from recsys.explain.rewriting import Rewriting, check_writer, rewritten


@st.fragment
def draw(case: Case, answer: Inquiry) -> None:
    with boundary():
        facts = case.facts(answer)
        if facts is None:
            return  # there is nothing sure enough to be said twice
        key = question(case.dataset, case.found, facts.text, "in other words")
        kept: Rewriting | None = shelf().get(key)
        slot = st.empty()
        if kept is None and slot.button("Say it in other words", key="retell", help="A language model writes; every claim is checked."):
            try:
                check_writer()
            except DataError as missing:  # nothing is wrong with the explanation
                st.info(
                    plain(
                        f"There is no language model here to say it in other words, so the sentence above stands. Who runs this server can help: {missing}."
                    )
                )
                return
            slot.empty()
            kept = _written(facts)
            shelf().put(key, kept)
        if kept is not None:
            slot.html(retold_html(kept))


def _written(facts: Facts) -> Rewriting:
    """Moving the cursor ends the writing: every token draws the bar."""
    bar = st.progress(0.0, "Loading the language model …")

    def report(what: str, done: int, of: int) -> None:
        bar.progress(done / of, f"A language model is writing, {what}")

    found = rewritten(facts, report=report)
    bar.empty()
    return found


def retold_html(found: Rewriting) -> str:
    """The other words with a label that says whose they are; or why the first ones stand."""
    if found.other:
        label = "In other words, written by a language model and checked against the numbers"
        return f'<p class="rs-quiet"><b>{look.safe(found.text)}</b><br><span class="rs-note">{label}</span></p>'
    text, reasons = found.refused[-1]
    told = f"The language model tried {len(found.refused)} times and never said just this, so the sentence above stands."
    last = f"Its last attempt, not to be trusted: “{look.safe(text)}” ({look.safe('; '.join(reasons[:2]))})."
    return f'<p class="rs-quiet">{told}<br><span class="rs-note">{last}</span></p>'
