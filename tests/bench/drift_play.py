"""Pictures of the map on the page Drift drawn in a second while it plays, of demo-city; reference: the ten it is asked for.

Counted in the browser: how often what the map shows was another at the next repaint. The longest time without one is said on standard error.
"""

import itertools
import tempfile
from pathlib import Path
from typing import Any

from recsys.cli.console import say
from recsys.datasets import open_dataset
from recsys.storage.paths import home
from tests.bench._browser import window
from tests.bench._timing import measured
from tests.bench.cursor_step import with_events
from tests.browser.live import serving, settled

ASKED = 10  # pictures a second
WATCH = """async seconds => {
    const map = document.querySelector('.st-key-movement .js-plotly-plot'), drawn = [];
    let before = '';
    const began = performance.now();
    while (performance.now() - began < seconds * 1000) {
        const now = await new Promise(requestAnimationFrame);
        const shows = [...map.querySelectorAll('.scatterlayer .trace:nth-child(n+4) path')].map(each => each.outerHTML).join();
        if (shows !== before) drawn.push(now);
        before = shows;
    }
    return drawn;
}"""
"""The moments (ms) within some seconds at which the moving parts of the map had changed."""


def measure() -> dict[str, Any]:
    user = with_events(open_dataset("demo-city"), 200)
    with tempfile.TemporaryDirectory() as folder, window() as page, serving(Path(folder) / "home", RECSYS_HOME=str(home())) as server:
        page.goto(f"{server.url}/drift?dataset=demo-city&model=popularity&user={user}")
        settled(page)
        plot = page.locator(".st-key-movement")
        plot.scroll_into_view_if_needed()
        page.wait_for_timeout(1000)
        plot.get_by_text("Play", exact=True).click()
        moments = page.evaluate(WATCH, 5)[1:]
        page.goto("about:blank")
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    say(f"{len(moments)} pictures, the longest time between two {max(gaps, default=0):.0f} ms")
    return measured(1000 * len(gaps) / (moments[-1] - moments[0]) if gaps else 0.0, "a second", ASKED)
