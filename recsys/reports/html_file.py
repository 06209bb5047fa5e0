"""The report of several cases as one HTML file, which loads nothing: style, scripts, pictures and Plotly are in it."""

import base64
import gzip
import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from recsys import __version__
from recsys.cases.case import Case
from recsys.core import Dataset
from recsys.core.formatting import format_moment
from recsys.core.translation import _, current_language, ngettext
from recsys.drift import build_feature_space
from recsys.explain.explained_item import ExplainedItem
from recsys.explain.progressive import ProgressiveExplanation
from recsys.figures.palette import FONT, LIGHT
from recsys.reports.case_page import Sources, make_case_page
from recsys.reports.explanation import explain_once
from recsys.training.checkpoints import LoadedCheckpoint

TEMPLATES = Path(__file__).parent / "templates"
Progress = Callable[[int, int], None]


def build_report(
    cases: Sequence[Case],
    open_dataset: Callable[[str], Dataset],
    load_checkpoint: Callable[[Dataset, str], LoadedCheckpoint],
    progress: Progress = lambda done, total: None,
    find_answer: Callable[[ExplainedItem], ProgressiveExplanation | None] = lambda explained: None,
) -> str:
    """Return a report of these cases as HTML, in their order.

    Args:
        cases: what was kept, or cases made for this report alone, whose id is empty.
        open_dataset: opens a dataset by its name; each is asked for once.
        load_checkpoint: loads a checkpoint of a dataset by its name or version; each is asked for once.
        progress: is told after each case how many of how many are done.
        find_answer: returns the explanation of an item where it is known, as one that a page has shown; the others are made here.
    """
    sources = Sources(_remember(open_dataset), _remember(load_checkpoint), _remember(build_feature_space), explain_once(find_answer))
    pages = []
    for done, case in enumerate(cases, start=1):
        pages.append(make_case_page(case, sources))
        progress(done, len(cases))
    script, plotly = _read("report.js"), _plotly()
    return (
        _environment()
        .get_template("report.html")
        .render(
            pages=pages,
            title=pages[0].title if len(pages) == 1 else ngettext("{count} case", "{count} cases", len(pages)),
            language=current_language(),
            words=_words(),
            version=__version__,
            style=_read("report.css"),
            colours=_colours(),
            script=script,
            plotly=plotly.packed,
            policy=_policy(script, plotly.source),
        )
    )


def _words() -> dict[str, str]:
    """The words of the template itself."""
    moment = _("{moment} UTC", moment=format_moment(datetime.now(UTC)))
    return {
        "made": _("Report of {moment}", moment=moment),
        "maker": _("made by Recscope {version}, {moment}", version=__version__, moment=moment),
        "report": _("Report"),
        "note": _("Note"),
        "protocol": _("Protocol and versions"),
    }


def _remember(make: Callable[..., Any]) -> Callable[..., Any]:
    """Make each result once in this report; an error is made anew, since it may not last."""
    return lru_cache(maxsize=None)(make)


def _policy(*scripts: str) -> str:
    """The content security policy: nothing from a network, and no script but these, whatever a text of a case contains."""
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()}'" for each in scripts)
    return f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"


class _Plotly:
    """Plotly's script, and the same compressed as text."""

    def __init__(self) -> None:
        from plotly.offline import get_plotlyjs

        self.source: str = get_plotlyjs()
        self.packed = base64.b64encode(gzip.compress(self.source.encode(), mtime=0)).decode()


@cache
def _plotly() -> _Plotly:
    return _Plotly()


@cache
def _read(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _colours() -> str:
    names = ("text", "quiet", "faint", "surface", "accent", "hit", "hit_surface", "miss", "miss_surface")
    return "".join(f"--{name.replace('_', '-')}:{getattr(LIGHT, name)};" for name in names) + f"--font:{FONT};"


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
