"""What an explanation in words claims, apart from the words: names, numbers, and which way each thing pushes."""

from collections.abc import Sequence
from dataclasses import dataclass

from recsys.explain.counterfactual import Counterfactual
from recsys.explain.explanation import Explanation
from recsys.explain.words import MOST_NAMED, SPREAD, hangs_on, pushes, spoken_against, why


@dataclass(frozen=True)
class Named:
    """Something that a sentence names: an item's title, or the time or the place. `note` tells it from others ("9 days before")."""

    title: str
    note: str = ""
    quoted: bool = True

    @property
    def written(self) -> str:
        name = f"“{self.title}”" if self.quoted else self.title
        return f"{name} ({self.note})" if self.note else name


@dataclass(frozen=True)
class Facts:
    """The claims of a `text`: the item's place of k; what speaks for it, and what share in percent of all that does; what against it.

    `gone` would have to be gone for it to be at place `after`, and `comes` would come in; () and None where that is no story. `small`:
    the share is too small for a reason.
    """

    text: str
    place: int
    k: int
    ups: tuple[Named, ...]
    share: float | None
    small: bool
    downs: tuple[Named, ...] = ()
    gone: tuple[Named, ...] = ()
    after: int | None = None
    comes: Named | None = None

    @property
    def named(self) -> tuple[Named, ...]:
        return (*self.ups, *self.downs, *self.gone, *((self.comes,) if self.comes else ()))


def facts_of(
    explanation: Explanation,
    players: Sequence[Named],
    place: int,
    k: int = 10,
    hangs: Counterfactual | None = None,
    gone: Sequence[Named] = (),
    comes: Named | None = None,
) -> Facts | None:
    """The claims that `why` makes of an explanation, and `hangs_on` of a counterfactual whose removed items are `gone`, each once.

    None where too little is sure to be said in other words, or two things go by one name.
    """
    found = pushes(explanation)
    if not found.up:
        return None
    listed = place <= k
    ups = tuple(players[at] for at in (found.named if listed else found.named[:2]))
    downs = tuple(players[at] for at in spoken_against(explanation, found))
    sentences = why(explanation, [each.written for each in players], place, k)
    more: dict[str, object] = {}
    if hangs is not None and hangs.verified and len(gone) <= MOST_NAMED:
        sentences.append(hangs_on(hangs, [each.written for each in gone], comes.written if comes else None))
        more = {"gone": tuple(gone), "after": hangs.rank_after, "comes": comes}
    share = 100 * found.carried if listed else None
    facts = Facts(" ".join(sentences), place, k, ups, share, listed and found.carried < SPREAD, downs, **more)  # type: ignore[arg-type]
    apart = ([each.title.casefold() for each in (*ups, *downs)], [each.title.casefold() for each in facts.gone])
    return facts if all(len(set(titles)) == len(titles) for titles in apart) else None
