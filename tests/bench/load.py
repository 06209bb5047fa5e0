"""From a message to the end of its answer with many sessions at once, p95, each moving the cursor once a second on demo-city.

A fifth of the sessions gives feedback. Every answer is checked: it must be that of its own session. RECSCOPE_LOAD_SESSIONS (50),
RECSCOPE_LOAD_SECONDS (120) and RECSCOPE_LOAD_PROCESSES (2) set the size. Reference: the same of two sessions that have the server to themselves, in the same run.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from recsys.cli.console import say
from recsys.core.errors import RecsysError
from recsys.datasets import open_dataset
from tests.bench._load import Measured, Taster, Walker
from tests.bench._timing import measured
from tests.browser.live import Server, serving

MODEL = "sasrec"
ALONE = 10.0  # seconds of the reference
SHORTEST = 60  # events of a timeline that is walked
FIRST_MINUTE = 60.0


def measure() -> dict[str, Any]:
    sessions, seconds = int(os.environ.get("RECSCOPE_LOAD_SESSIONS", "50")), float(os.environ.get("RECSCOPE_LOAD_SECONDS", "120"))
    processes = int(os.environ.get("RECSCOPE_LOAD_PROCESSES", "2"))
    with tempfile.TemporaryDirectory() as folder:
        with serving(Path(folder) / "alone", processes=processes) as server:
            alone = asyncio.run(run_sessions(server.url, 2, ALONE))
        with serving(Path(folder) / "crowd", processes=processes) as server:
            crowd, memory = asyncio.run(watch_sessions(server, sessions, seconds))
            spent = sum(sum(each.cpu_times()[:2]) for each in family(server))
    for line in describe(crowd, memory, spent):
        say(line)
    if alone.faults or crowd.faults:
        raise RecsysError(f"{len(alone.faults) + len(crowd.faults)} faults, the first: {(alone.faults + crowd.faults)[0]}")
    return measured(1000 * float(np.quantile(crowd.answers(), 0.95)), "ms", 1000 * float(np.quantile(alone.answers(), 0.95)))


async def run_sessions(url: str, count: int, seconds: float) -> Measured:
    """Open sessions of users of their own at once, every fifth to give feedback, and let them act for some seconds."""
    found, users = Measured(), pick_users(count)
    people = []
    for at, (user, name, length) in enumerate(users):
        kind = Taster if at % 5 == 1 else Walker
        people.append(kind(url, user, name, length, [other for _user, other, _length in users if other != name], MODEL, found))
    await asyncio.gather(*(person.enter() for person in people))
    until = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        for person in people:
            group.create_task(person.live(until))
            await asyncio.sleep(1 / count)  # people do not all act in the same moment
    return found


async def watch_sessions(server: Server, count: int, seconds: float) -> tuple[Measured, list[tuple[float, float]]]:
    """Run sessions, and return with what they measured the server's memory: seconds since the start, megabytes."""
    memory: list[tuple[float, float]] = []
    processes, began = family(server), time.monotonic()

    async def watch() -> None:
        while True:
            memory.append((time.monotonic() - began, sum(each.memory_info().rss for each in processes) / 1e6))
            await asyncio.sleep(1)

    watching = asyncio.create_task(watch())
    found = await run_sessions(server.url, count, seconds)
    watching.cancel()
    return found, memory


def family(server: Server) -> list[psutil.Process]:
    """Return all processes of a server."""
    first = psutil.Process(server.process.pid)
    return [first, *first.children(recursive=True)]


def pick_users(count: int) -> list[tuple[str, str, int]]:
    """Return ids, names and lengths of users with long timelines, no name a part of another one or of the text of an item."""
    dataset = open_dataset("demo-city")
    texts = "\n".join(dataset.items["text"].dropna())
    picked: list[tuple[str, str, int]] = []
    assert dataset.users is not None
    for user, length in zip(dataset.user_ids, np.diff(dataset.user_starts), strict=True):
        name = str(dataset.users.at[user, "name"])
        is_free = name not in texts and not any(name in other or other in name for _user, other, _length in picked)
        if length >= SHORTEST and is_free:
            picked.append((str(user), name, int(length)))
        if len(picked) == count:
            return picked
    raise RecsysError(f"demo-city has {len(picked)} users with different names and {SHORTEST} events, not {count}")


def describe(found: Measured, memory: list[tuple[float, float]], spent: float) -> list[str]:
    """Return what was measured as lines: answers by action, faults, memory, seconds of the processor that the server has spent."""
    lines = []
    for action, taken in {**found.seconds, "all answers": found.answers()}.items():
        p50, p95, most = 1000 * np.quantile(taken or [np.nan], (0.5, 0.95, 1))
        lines.append(f"{action}: {len(taken)}, p50 {p50:.0f} ms, p95 {p95:.0f} ms, longest {most:.0f} ms")
    after_minute = next((size for at, size in memory if at >= FIRST_MINUTE), memory[-1][1])
    lines.append(f"faults: {len(found.faults)}; received {found.received / 1e6:.0f} MB")
    lines.append(
        f"memory: {after_minute:.0f} MB after a minute, {memory[-1][1]:.0f} MB at the end, ratio {memory[-1][1] / after_minute:.2f}"
    )
    share = 1000 * spent / max(len(found.answers()), 1)
    lines.append(f"processor: {share:.0f} ms for each answer, the first pages included; load of this machine {os.getloadavg()[0]:.1f}")
    return [*lines, *found.faults[:10]]
