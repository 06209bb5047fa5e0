"""Whether a text says what the numbers say, and nothing else: what a language model wrote is shown only if it does.

The text is cut into clauses, and each clause read as claims: who speaks for the item, who against it, who would have to be gone, which
place, which share. A claim that is not among the facts is objected to, and so is a missing one, a word that is no plain word of such
sentences (VOCABULARY), a number without a meaning, and a clause that says two things at once. It is strict: much that is true is
refused, since it is not understood. The rule for numbers: as many decimals as are written must be right, so 69 % and 69.3 % both stand
for 69.31 and 70 % does not; places are exact.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from recsys.explain.facts import Facts, Named

NUMBER = r"(\d[\d,]*(?:\.\d+)?)"
CUTS = re.compile(r"[.!?;:]+(?=\s|$)|,?\s*\b(?:but|though|although|while|whereas|yet|however)\b|,?\s*\band (?=without\b|if\b)", re.I)
AGAINST = re.compile(
    r"\b(?:against|despite|in spite of|lower\w*|reduc\w+|weaken\w*|(?:push|pull|drag|bring|hold|weigh)\w*(?: it)? (?:down|back))\b"
)
FOR = re.compile(
    r"\b(?:because|due to|thanks to|owing to|on account of|reasons?|speak\w* for|push\w*|lift\w*|rais(?:e|es|ed|ing)|support\w*|"
    r"carr(?:y|ies|ied)|driv(?:e|es|en)|boost\w*|help\w*|contribut\w+|largest|biggest|strongest)\b"
)
GONE = re.compile(r"\b(?:without|gone|removed|absent|missing|taken away)\b")
COMES = re.compile(
    r"(⟦T\d+⟧)(?: ⟦M[\d ]+⟧)? (?:would |will )?(?:then |instead )?(?:comes? in|moves? in|takes? (?:its|the free) (?:place|spot)|replaces? it)\b"
    r"|\breplaced by (⟦T\d+⟧)"
)
OUT = re.compile(r"\b(?:not among|not in|outside|out of|leaves?|no longer among|no longer in) (?:⟦K⟧|the list)")
INSIDE = re.compile(r"\b(?:among|in|within|into) (?:⟦K⟧|the list)")
EMPHASIS = re.compile(r"\b(?:most|mostly|mainly|chiefly|largely|above all|primarily|main|largest|biggest|strongest|heavily|strongly)\b")
_MOVED = (
    r"recommended|placed|ranked|listed|suggested|shown|at|in|among|on|up|down|⟦P|pushed|lifted|raised|supported|driven|carried|boosted|"
    r"helped|held|lowered|reduced|weakened|because|due|thanks|owing"
)
SUBJECT = re.compile(
    rf"⟦T\d+⟧(?: ⟦M[\d ]+⟧)? (?:(?:is|was|are|were|be)(?: also| both| to be)? (?:{_MOVED})"
    rf"|(?:stands?|ranks?|sits?|gets?|falls?|drops?|lands?|would|will)(?: also| both)? (?:{_MOVED}|to|be|fall|drop))"
)
OBJECT = re.compile(
    r"\b(?:speak\w* (?:for|against)|(?:push|lift|rais|support|lower|reduc|boost|help|carr|weaken|driv|pull|drag|hold|weigh)\w*(?: up| down| back)?)"
    r" (?:both )?⟦T|\b(?:because of|due to|thanks to|owing to|on account of|despite|in spite of|without) (?:it|this|that|them|these)\b"
    r"|\bbecause (?:it|this|that) "
)
BOTH_SIDES = re.compile(r"⟦T\d+⟧.*\b(?:because|due to|thanks to|owing to|on account of|despite|in spite of|without)\b.*⟦T")
VOCABULARY = frozenset(
    re.findall(
        r"\w+",
        """a above absent account add adds against all along also altogether among an and are as at away back be because been being biggest
        boost boosted boosts both bring brings by carried carries carry chiefly come comes contribute contributed contributes count
        counts despite down drag drags drive driven drives drop drops due explains fall falls for from gets gone had has have heavily
        held help helped helps here hold holds if in instead into is it item its itself land lands largely largest leave leaves lift
        lifted lifts list listed lower lowered lowers main mainly make makes making missing most mostly move moves of off on out outside
        owing primarily pull pulls push pushed pushes pushing raise raised raises rank ranked ranks reason reasons recommendation
        recommended reduce reduced reduces removed shown sits sitting so speak speaking speaks spite stand standing stands strongest
        strongly suggested support supported supporting supports taken thanks that the them then there these things this those to
        together top toward towards up upward upwards was weaken weakened weakens weigh weighs were what which will with within without
        would""",
    )
)
SMALL = frozenset(("many", "small", "little"))
HYPOTHETICAL = re.compile(r"\b(?:would|will|if|had)\b")


def objections(text: str, facts: Facts) -> tuple[str, ...]:
    """Why a text does not say the facts, each reason in a few words; () if it does."""
    if "⟦" in text or "⟧" in text:
        return ("uses the sign ⟦ or ⟧",)
    masked, found = _masked(" ".join(text.split()), facts), _Claims(facts)
    for clause in CUTS.split(masked):
        if clause and clause.strip():
            found.read(" ".join(clause.split()))
    return tuple(dict.fromkeys([*found.wrong, *found.missing()]))


def _masked(text: str, facts: Facts) -> str:
    """Lower case, with ⟦T0⟧ for names, ⟦M0 1⟧ for notes that belong to those names, ⟦P12⟧ for places, ⟦S69⟧ for shares, ⟦K⟧ for the list."""
    named = list(dict.fromkeys((each.title, each.quoted) for each in facts.named))
    for at in sorted(range(len(named)), key=lambda at: -len(named[at][0])):
        title, quoted = named[at]
        name = re.escape(title)
        text = re.sub(rf"[“\"]{name}[”\"]", f" ⟦T{at}⟧ ", text, flags=re.I if not quoted else 0)
        plain = re.findall(r"[\w’']+", title.casefold())
        if not quoted or not all(word in VOCABULARY | SMALL or word.isdigit() for word in plain):
            number = r"(?!\s*(?:number\s*)?\d)" if not quoted else ""
            text = re.sub(rf"(?<![\w⟦]){name}(?!\w){number}", f" ⟦T{at}⟧ ", text, flags=0 if quoted else re.I)
    text = text.lower().replace("⟦t", "⟦T")
    phrases: dict[str, set[int]] = {}
    for each in facts.named:
        for phrase in [each.note, *each.note.split(", ")] if each.note else []:
            phrases.setdefault(phrase.lower(), set()).add(named.index((each.title, each.quoted)))
    for phrase in sorted(phrases, key=len, reverse=True):
        ids = " ".join(map(str, sorted(phrases[phrase])))
        text = re.sub(rf"(?<![\w⟦]){re.escape(phrase)}(?!\w)", f" ⟦M{ids}⟧ ", text)
    text = re.sub(r"[(),]", " ", re.sub(r"(?<=\d),(?=\d{3}\b)", "", text))
    text = re.sub(rf"{NUMBER}\s*(?:%|percent\b|per cent\b)", r" ⟦S\1⟧ ", text)
    text = re.sub(rf"\b(?:place|position|rank|spot)\s*(?:number\s+)?{NUMBER}(?![\w%])", r" ⟦P\1⟧ ", text)
    text = re.sub(r"\b(\d+)(?:st|nd|rd|th) (?:place|position|rank|spot)\b", r" ⟦P\1⟧ ", text)
    text = re.sub(rf"\b(among|in|within|into|outside|out of|of) (?:the )?(?:top |first |best )?{facts.k}\b(?!\.\d)", r"\1 ⟦K⟧", text)
    return " ".join(text.split())


@dataclass
class _Claims:
    """What was read so far. Names are positions in the order of `facts.named`, each once; `supposed`: the clause before took something away."""

    facts: Facts
    wrong: list[str] = field(default_factory=list)
    said: set[tuple[str, int]] = field(default_factory=set)
    supposed: bool = False

    def __post_init__(self) -> None:
        titles = list(dict.fromkeys((each.title, each.quoted) for each in self.facts.named))
        self.titles = [title for title, _ in titles]

        def places(named: tuple[Named, ...]) -> frozenset[int]:
            return frozenset(titles.index((each.title, each.quoted)) for each in named)

        self.known = {
            "for": places(self.facts.ups),
            "against": places(self.facts.downs),
            "gone": places(self.facts.gone),
            "comes": places((self.facts.comes,) if self.facts.comes else ()),
        }

    def read(self, clause: str) -> None:
        self._notes(clause)
        if SUBJECT.search(clause) or OBJECT.search(clause):
            self.wrong.append("takes a reason for the recommendation, or the other way round")
        gone, rest = bool(GONE.search(clause)), COMES.sub(" ", clause)
        if rest != clause and not (gone or self.supposed):
            self.wrong.append("says what would come in, without saying when")
        self.supposed = gone
        for match in COMES.finditer(clause):
            self._claim("comes", [int(re.sub(r"\D", "", match[1] or match[2]))])
        clause = rest
        self._plain_words(clause)
        if BOTH_SIDES.search(clause):
            self.wrong.append("puts one reason before another")
        against, speaks = bool(AGAINST.search(clause)), bool(FOR.search(AGAINST.sub(" ", clause)))
        names = [int(each) for each in re.findall(r"⟦T(\d+)⟧", clause)]
        if gone + against + speaks > 1:
            self.wrong.append("says two things at once")
        elif gone or against or speaks:
            self._claim("gone" if gone else "against" if against else "for", names)
        elif names:
            self.wrong.append(f"does not say what {self.titles[names[0]]} does")
        if HYPOTHETICAL.search(clause) and not gone:
            self.wrong.append("says what would be, without saying when")
        self._numbers(clause, gone, against, set(names))
        self._emphasis(clause, speaks and not gone and not against, names)

    def missing(self) -> Iterator[str]:
        """What the facts hold and the text does not."""
        needed = {(kind, at) for kind in ("for", "against", "gone") for at in self.known[kind]} | {("place", 0)}
        needed |= {("after", 0)} if self.facts.gone else set()
        for kind, at in sorted(needed - self.said):
            yield f"leaves out the {kind}" if kind in ("place", "after") else f"leaves out {self.titles[at]} ({kind})"

    def _claim(self, kind: str, names: list[int]) -> None:
        for at in names:
            if at in self.known[kind]:
                self.said.add((kind, at))
            else:
                self.wrong.append(f"says of {self.titles[at]} what is not so ({kind})")

    def _plain_words(self, clause: str) -> None:
        rest = re.sub(r"⟦[^⟧]*⟧", " ", clause)
        allowed = VOCABULARY | SMALL if self.facts.small else VOCABULARY
        for word in re.findall(r"[^\W\d_]+(?:[’'][^\W\d_]+)*", rest):
            if word not in allowed and not (word == "not" and OUT.search(clause)):
                self.wrong.append(f"uses the word “{word}”")
        for number in re.findall(r"\w*\d[\w.,]*", rest):
            self.wrong.append(f"says {number}, which is no number of the explanation")
        for sign in sorted(set(re.findall(r"[^\w\s’'\-–—,]", rest))):
            self.wrong.append(f"uses the sign {sign}")

    def _notes(self, clause: str) -> None:
        """A note stands behind its own name."""
        last = -1
        for name, note in re.findall(r"⟦T(\d+)⟧|⟦M([\d ]+)⟧", clause):
            if name:
                last = int(name)
            elif str(last) not in note.split():
                self.wrong.append("says of one thing when another was")

    def _numbers(self, clause: str, gone: bool, against: bool, names: set[int]) -> None:
        facts, listed = self.facts, self.facts.place <= self.facts.k
        for before, value in re.findall(r"(\bfrom )?⟦P([\d.]+)⟧", clause):
            true = facts.after if gone and not before else facts.place
            if value != str(true):
                self.wrong.append(f"says place {value}")
            elif not before:
                self.said.add(("after" if gone else "place", 0))
        for value in re.findall(r"⟦S([\d.]+)⟧", clause):
            if facts.share is None or gone or against or not _rounds_to(value, facts.share) or names not in (set(), self.known["for"]):
                self.wrong.append(f"says {value} %")
        out, inside = bool(OUT.search(clause)), bool(INSIDE.search(OUT.sub(" ", clause)))
        if (out and listed and not gone) or (inside and (gone or not listed)) or ("⟦K⟧" in clause and not out and not inside):
            self.wrong.append("has it in the list where it is not, or out of it")

    def _emphasis(self, clause: str, speaks: bool, names: list[int]) -> None:
        """Most of all is said of all that is named, and not where many push a little."""
        if not EMPHASIS.search(clause):
            return
        between = re.search(r"⟦T\d+⟧(.*)⟦T\d+⟧", clause)
        plain = self.facts.small and not re.search(r"\b(?:largest|biggest|strongest)\b", clause)
        wrong = not speaks or set(names) != self.known["for"] or plain or (between and EMPHASIS.search(between[1]))
        if wrong:
            self.wrong.append("makes more of something than the numbers do")


def _rounds_to(written: str, true: float) -> bool:
    decimals = len(written.partition(".")[2])
    return abs(float(written) - true) <= 0.5 * 10.0**-decimals + 1e-9
