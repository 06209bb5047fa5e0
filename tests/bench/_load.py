"""People at the app, each in a session of their own: they walk a timeline or try recommendations, and check every answer."""

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape

from tests.bench._streamlit_client import StreamlitClient

AHEAD = 8
"""Steps in both directions that the page prefetches; as in assets/keyboard.js."""

PACE = 1.0  # seconds between two actions of a person
MOVE_EVERY = 5  # actions of a person who gives feedback
ACTIONS = ("take", "like", "dislike")
Tried = set[tuple[str, str]]
"""Actions with the titles of their items."""


class WrongAnswerError(Exception):
    """An answer that is not this session's own, or an error on the page."""


@dataclass
class Measured:
    """Seconds from each message to the end of its run, by action, and the faults."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    received: int = 0

    def add(self, action: str, taken: float) -> None:
        self.seconds.setdefault(action, []).append(taken)

    def answers(self) -> list[float]:
        """Return the seconds of all answers after the first page."""
        return [each for action, taken in self.seconds.items() if action != "open" for each in taken]


class Person:
    """One session on the timeline of one user; `others` are the names of the users of all other sessions."""

    page = "timeline"

    def __init__(self, url: str, user: str, name: str, length: int, others: Sequence[str], model: str, measured: Measured) -> None:
        self.name, self.user, self.length, self.others, self.measured = name, user, length, others, measured
        self.step, self.by = length // 2, 1
        self.random = random.Random(user)
        self.has_fault = False
        self.client = StreamlitClient(url, self.page, dataset="demo-city", model=model, user=user, step=str(self.step))

    async def enter(self) -> None:
        """Open the page."""
        async with self.noting_faults():
            await self.client.connect()
            self.measured.add("open", await self.client.open())
            self.check()

    async def live(self, until: float) -> None:
        """Act once a second until that time; after a fault the person gives up."""
        async with self.noting_faults():
            while not self.has_fault and (began := time.monotonic()) < until:
                await self.act()
                await asyncio.sleep(max(PACE - (time.monotonic() - began), 0))
        self.measured.received += self.client.received
        await self.client.close()

    @asynccontextmanager
    async def noting_faults(self) -> AsyncIterator[None]:
        try:
            yield
        except Exception as error:  # every kind is a fault of the server or of the answer
            self.has_fault = True
            self.measured.faults.append(f"{self.user} on {self.page}: {type(error).__name__}: {error}"[:500])

    async def act(self) -> None:
        await self.move()

    async def move(self) -> None:
        """Move the cursor by a step, from the end back again, by the message that keyboard.js sends."""
        if not 0 < self.step + self.by < self.length:
            self.by = -self.by
        self.step += self.by
        told = self.client.component_data("walker")
        message = {"of": told["of"], "step": self.step, "by": self.by, "said": told["heard"] + 1, "playing": False}
        self.measured.add("move", await self.client.trigger("walker", "said", message))
        self.check()

    def check(self) -> None:
        """Fail unless the answer is that of this user and step, without an error and without a trace of another session."""
        self.expect(not self.client.failures(), f"the page shows {self.client.failures()}")
        at = {name: self.client.address.get(name) for name in ("user", "step")}
        self.expect(at == {"user": self.user, "step": str(self.step)}, f"the address is at {at}, not at step {self.step}")
        text = unescape("\n".join(self.client.texts()))
        self.expect(self.name in text, "the page does not name the user")
        strangers = [other for other in self.others if other in text]
        self.expect(not strangers, f"the page names users of other sessions: {strangers}")
        self.check_page(text)

    def check_page(self, text: str) -> None:
        shown = self.client.steps_shown()
        self.expect(shown == {self.step}, f"the page shows the steps {shown}, not {self.step}")
        self.expect(f"{self.name} after {self.step} of {self.length}" in text, f"the heading is not that of step {self.step}")

    def expect(self, is_true: bool, fault: str) -> None:
        if not is_true:
            raise WrongAnswerError(fault)


class Walker(Person):
    """Walks the timeline; like keyboard.js, the client fetches the parts of nearby steps ahead."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self.have: set[int] = set()
        self.asked = 0

    async def act(self) -> None:
        await self.move()
        nearby = {min(max(each, 0), self.length) for each in (self.step - AHEAD, self.step, self.step + AHEAD)}
        if not nearby <= self.have:
            await self.fetch()

    async def fetch(self) -> None:
        told, self.asked = self.client.component_data("steps"), self.asked + 1
        message = {"of": told["of"], "step": self.step, "asked": self.asked, "have": sorted(self.have)}
        self.measured.add("fetch", await self.client.trigger("steps", "asked", message))
        answer = self.client.component_data("steps")
        self.expect(answer["answered"] == self.asked and answer["of"] == told["of"], "the steps fetched answer another question")
        for step, parts in answer["frames"].items():
            heading = f"{self.name} after {step} of {self.length}"
            self.expect(heading in unescape(parts["head"]), f"the step {step} fetched is not {heading}")
        self.have |= {int(step) for step in answer["frames"]}
        self.check()


class Taster(Person):
    """Takes, likes and dislikes recommended items, and moves on now and then."""

    page = "recommend"

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self.actions = 0
        self.tried: dict[int, Tried] = {}

    async def act(self) -> None:
        self.actions += 1
        if self.actions % MOVE_EVERY == 0:
            await self.move()
        else:
            await self.give_feedback()

    async def give_feedback(self) -> None:
        """Click a button of a card whose item was not tried yet."""
        tried = self.tried.setdefault(self.step, set())
        fresh = [(at, title) for at, title in enumerate(self.cards()) if title not in {known for _action, known in tried}]
        if not fresh:
            await self.move()
            return
        (at, title), action = self.random.choice(fresh), self.random.choice(ACTIONS)
        tried.add((action, title))
        self.measured.add(action, await self.client.click(f"{action}_{at}"))
        self.check()

    def cards(self) -> list[str]:
        """Return the titles of the recommended items, best first."""
        cards = re.findall(r'class="rs-card"><span class="rs-rank">(\d+)</span>.*?title="(.*?)"', "\n".join(self.client.texts()))
        return [unescape(title) for _rank, title in sorted(cards, key=lambda card: int(card[0]))]

    def shown_as_tried(self) -> Tried:
        """Return what the page shows as done at this step, from the chips that take it back."""
        found = ((re.fullmatch(r".*-tried_\d+_(\w+)", key), label) for key, label in self.client.buttons())
        return {(key[1], label.partition(": ")[2].replace("\\", "")) for key, label in found if key}

    def check_page(self, text: str) -> None:
        self.expect(f"after {self.step} of {self.length}" in text, f"the page is not at step {self.step}")
        shown, tried = self.shown_as_tried(), self.tried.get(self.step, set())
        self.expect(shown == tried, f"the page shows {shown} as tried, this session tried {tried}")
