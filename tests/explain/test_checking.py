"""What a language model wrote is believed only word by word: the template passes, and anything that says something else does not."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from recsys.explain.checking import objections
from recsys.explain.counterfactual import Counterfactual
from recsys.explain.facts import Facts, Named, facts_of
from tests.explain.test_words import explained

TITLES = ("Blue Door", "It", "Up", "Ocean's Eleven (2001)", "Se7en", "Without", "2001: A Space Odyssey", "Place 3", "Müller & Söhne", "M", "The Time of Place 7",
          "Say “Yes”", "Without a Trace", "Against All Odds", "A", "12", "Two. Three! Four?", "because of you", "T1", "(500) Days of Summer")  # fmt: skip
NOTES = ("9 days before", "3 times, last 2 hours before", "the latest", "2 films back", "Sunday, 14:00", "")


@st.composite
def some_facts(draw: st.DrawFn, most: int = 6) -> Facts:
    many = draw(st.booleans())
    count = 14 if many else draw(st.integers(1, most))
    values = (
        [1.0] * count
        if many
        else [4.0, *draw(st.lists(st.integers(-80, 80).map(lambda each: each / 20 + 0.01), min_size=count - 1, max_size=count - 1))]
    )
    titles = draw(st.permutations(TITLES))
    players = [Named(title, draw(st.sampled_from(NOTES))) for title in titles[:count]]
    if draw(st.booleans()):
        players[-1] = Named(*draw(st.sampled_from([("the time", "Sunday, 14:00"), ("the place", "")])), quoted=False)
    hanging = draw(st.booleans())
    place = draw(st.integers(1, 10) if hanging else st.integers(1, 4000))
    hangs, gone, comes = None, [], None
    if hanging:
        gone = [each for each in players if each.quoted][: draw(st.integers(1, 3))]
        comes = draw(st.sampled_from([None, Named(titles[-1])]))
        hangs = Counterfactual("x", 10, tuple(range(len(gone))), True, place, draw(st.integers(11, 4000)), "y", 9, 0.1)
    facts = facts_of(explained(values), players, place, 10, hangs if gone else None, gone, comes)
    assume(facts is not None)
    assert facts is not None
    return facts


@given(some_facts())
def test_the_template_passes(facts: Facts) -> None:
    assert objections(facts.text, facts) == ()


def outside_names(facts: Facts, pattern: str) -> list[re.Match[str]]:
    """Matches of a pattern that are no part of a name."""
    names = [range(*match.span()) for each in facts.named for match in re.finditer(re.escape(each.title), facts.text)]
    return [match for match in re.finditer(pattern, facts.text) if not any(match.start() in name for name in names)]


@given(some_facts(), st.data())
def test_any_other_number_fails(facts: Facts, data: st.DataObject) -> None:
    numbers = outside_names(facts, r"\d[\d,]*")
    match = data.draw(st.sampled_from(numbers))
    other = data.draw(st.integers(0, 5000))
    assume(other != int(match[0].replace(",", "")))
    changed = facts.text[: match.start()] + str(other) + facts.text[match.end() :]
    notes = [each.note for each in facts.named]
    assume(not any(str(other) in note for note in notes))
    assert objections(changed, facts)


@given(some_facts(), st.data())
def test_any_other_name_fails(facts: Facts, data: st.DataObject) -> None:
    named = [each for each in facts.named if each.quoted]
    assume(named)
    each = data.draw(st.sampled_from(named))
    other = data.draw(st.sampled_from([*TITLES, "Another One", "the Red Lamp"]))
    assume(other.casefold() != each.title.casefold())
    changed = facts.text.replace(f"“{each.title}”", f"“{other}”")
    allowed = {one.title.casefold() for one in facts.ups} | {one.title.casefold() for one in facts.downs}
    # Either it is no name of the facts, or what it stands for is missing now.
    if other.casefold() not in {one.title.casefold() for one in facts.named} or each.title.casefold() in allowed:
        assert objections(changed, facts)


TURNED = [
    ("because of", "despite"), ("because of", "against"), ("what pushes it up", "what pushes it down"), ("speaks against it", "speaks for it"),
    ("Without", "With"), ("Without", "Because of"), ("what speaks for it", "what speaks against it"), ("not among", "among"),
    ("would come in", "would not come in"), ("it would be", "it is not"), ("are", "are not"), ("of what", "of nothing of what"),
    ("Recommended", "Not recommended"), ("because of", "because they never saw"), ("together", "each"), ("place", "score"),
]  # fmt: skip


@pytest.mark.parametrize(("was", "now"), TURNED)
@settings(suppress_health_check=[HealthCheck.filter_too_much], max_examples=15)
@given(facts=some_facts())
def test_what_is_turned_round_fails(was: str, now: str, facts: Facts) -> None:
    found = outside_names(facts, rf"\b{was}\b")
    assume(found)
    at = found[0]
    assert objections(facts.text[: at.start()] + now + facts.text[at.end() :], facts)


@given(some_facts(), st.data())
def test_a_sentence_or_a_name_left_out_fails(facts: Facts, data: st.DataObject) -> None:
    parts = [f" {each.written}" for each in (*facts.ups, *facts.downs, *facts.gone) if f" {each.written}" in facts.text]
    parts += [match[0] for match in outside_names(facts, r"at place [\d,]+")]
    assert (
        objections(
            facts.text.replace(
                data.draw(st.sampled_from(parts)),
                "",
            ),
            facts,
        )
        or facts.gone
    )


@given(some_facts(), st.text(st.characters(categories=["L"]), min_size=2, max_size=12), st.data())
def test_any_strange_word_anywhere_fails(facts: Facts, word: str, data: st.DataObject) -> None:
    from recsys.explain.checking import SMALL, VOCABULARY

    assume(
        word.lower() not in VOCABULARY | SMALL
        and word not in ("not",)
        and word.casefold() not in {each.title.casefold() for each in facts.named}
    )
    spaces = outside_names(facts, r" ")
    at = data.draw(st.sampled_from(spaces)).start()
    assert objections(f"{facts.text[:at]} {word}{facts.text[at:]}", facts)


A, B, C, Y = Named("Blue Door", "9 days before"), Named("Corner Books"), Named("Old Mill", "Sunday, 14:00"), Named("Red Lamp")
FACTS = Facts("", 4, 10, (A, B), 69.31, False, (C,), (A,), 51, Y)
START = (
    "It stands at place 4 thanks to Blue Door and Corner Books. Old Mill counts against it. Without Blue Door it would fall to place 51."
)
GOOD = [
    START,
    f"{START} Red Lamp would come in.",
    "“Blue Door” (9 days before) and “Corner Books” push it up to place 4, together 69.3 % of what pushes it up; Old Mill pulls it down. "
    "Without Blue Door it would drop from place 4 to 51st place, out of the list, and Red Lamp would take its place.",
    "Because of \"Blue Door\" and \"Corner Books\", mostly, it is in the top 10, at place 4, though Old Mill (Sunday, 14:00) speaks against it. "
    "If Blue Door were gone, it would be at position 51 and it would be replaced by Red Lamp.",
    START.replace("Without Blue Door", "If Blue Door were to be removed,"),
    "Corner Books and Blue Door are the reasons for its place 4, but Old Mill weighs against it, and without Blue Door it would be at place 51.",
    "At place 4, driven by Blue Door and Corner Books, 69 percent of what lifts it; Against it speaks Old Mill. Without Blue Door, place 51.",
]  # fmt: skip
BAD = [
    f"Red Lamp would come in. {START}",
    START.replace("It stands", "Corner Books is to be"),
    START.replace("it would fall", "Old Mill would fall"),
    START.replace("and Corner Books", "and mostly Corner Books"),
    START.replace("thanks to", "mainly thanks to").replace(" and Corner Books", ""),
    START.replace("Old Mill", "Mainly Old Mill"),
    START.replace("Old Mill counts against it", "Old Mill counts against Blue Door"),
    START.replace("It stands", "Corner Books stands"),
    START.replace("It stands", "Red Lamp stands"),
    START.replace("It stands at place 4 thanks to Blue Door and Corner Books", "Blue Door is recommended at place 4 because of Corner Books"),
    START.replace("place 4", "place 51").replace("fall to place 51", "fall to place 4"),
    START.replace("place 4", "place 4.0"),
    START.replace("place 4", "place four"),
    START.replace("Corner Books.", "Corner Books, 70 % of what pushes it up."),
    START.replace("Corner Books.", "Corner Books, 69.4 % of what pushes it up."),
    START.replace("Blue Door and Corner Books.", "Blue Door, 69 % of what pushes it up, and thanks to Corner Books."),
    START.replace("Blue Door and", "Blue Door (Sunday) and"),
    START.replace("Corner Books.", "Corner Books (9 days before)."),
    START.replace("Blue Door and", "Blue Door (10 days before) and"),
    START.replace("Blue Door and", "Blue Door on Monday and"),
    START.replace("Without Blue Door", "Without Corner Books"),
    START.replace("Without Blue Door", "Without it"),
    START.replace("Without Blue Door", "Without Blue Door and Corner Books"),
    START + " Red Lamp pushes it up.",
    START + " The time pushes it up.",
    START + " It is popular.",
    START + " It is recommended because of the place.",
    START + " Without Blue Door it would be in the top 10.",
    START + " It is not in the top 10.",
    START + " Blue Door would come in.",
    START + " It is the best of all.",
    START + " This is 3 times more.",
    START + " 🙂",
    START.replace("thanks to", "hardly thanks to"),
    START.replace("Old Mill counts against it. ", ""),
    START.rpartition(" Without")[0],
    START.replace(" at place 4", ""),
    "",
    "⟦T0⟧ " + START,
]  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_other_words_for_the_same_pass(text: str) -> None:
    assert objections(text, FACTS) == ()


@pytest.mark.parametrize("text", BAD)
def test_other_claims_fail(text: str) -> None:
    assert objections(text, FACTS)


@pytest.mark.parametrize(("written", "passes"), [("69", True), ("69.3", True), ("69.31", True), ("69.310", True), ("70", False), ("69.0", False), ("68", False), ("69.32", False)])  # fmt: skip
def test_a_share_is_right_in_all_decimals_that_are_written(written: str, passes: bool) -> None:
    text = START.replace("Corner Books.", f"Corner Books, {written}% of what pushes it up.")
    assert (objections(text, FACTS) == ()) == passes


def test_an_item_that_is_not_listed() -> None:
    facts = replace(FACTS, place=1234, share=None, downs=(), gone=(), after=None, comes=None)
    assert objections("It is at place 1,234, outside the top 10. What speaks for it most is Blue Door and Corner Books.", facts) == ()
    assert objections("It is at place 1234. Blue Door and Corner Books speak for it.", facts) == ()
    assert objections("It is at place 1234, in the top 10. Blue Door and Corner Books speak for it.", facts)
    assert objections("It is recommended at place 234. Blue Door and Corner Books speak for it.", facts)


def test_small_pushes_are_not_made_large() -> None:
    facts = replace(FACTS, share=20.0, small=True, downs=(), gone=(), after=None, comes=None)
    text = "At place 4 because of many small pushes; the largest are Blue Door and Corner Books."
    assert objections(text, facts) == ()
    assert objections("At place 4 mainly because of Blue Door and Corner Books.", facts)
    assert objections(text, replace(facts, small=False))


def test_too_little_or_too_alike_is_not_offered() -> None:
    assert facts_of(explained([-1.0, -0.5]), [A, B], 1) is None
    assert facts_of(explained([2.0, 1.9]), [A, replace(A, note="2 days before")], 1) is None
    found = facts_of(explained([4.0, 1.0, -2.0]), [A, B, C], 2)
    assert found is not None and (found.ups, found.downs, found.share) == ((A,), (C,), pytest.approx(80.0))
    assert np.isfinite(found.share or np.nan)
