"""Text of a static figure: the few tags that Plotly reads in a label, as SVG."""

from dataclasses import dataclass, replace
from html import escape
from html.parser import HTMLParser

LINE = 1.25  # height of a line by the size of its letters
ASCENT = 0.78  # height of capitals above the baseline, with some room, by the size


@dataclass(frozen=True)
class Style:
    """The look of a run of letters."""

    size: float
    colour: str
    weight: int = 400


def draw_text(markup: str, x: float, y: float, style: Style, anchor: str = "left", valign: str = "middle", turned: bool = False) -> str:
    """Return a label as SVG, its lines stacked: `anchor` is left, center or right of `x`, `valign` the edge of the text at `y`.

    `markup` is what Plotly takes: <br>, <b> and <span style>, text from data escaped. Any other tag is shown without its markup.
    """
    lines = _read_lines(markup, style)
    heights = [LINE * max((run.size for _text, run in line), default=style.size) for line in lines]
    top = y - sum(heights) * {"top": 0.0, "middle": 0.5, "bottom": 1.0}[valign]
    place = {"left": "start", "center": "middle", "right": "end"}[anchor]
    spans = []
    for line, height in zip(lines, heights, strict=True):
        baseline = top + (height - max((run.size for _text, run in line), default=0) * 1.0) / 2 + ASCENT * height / LINE
        start = f'<tspan x="{x:.1f}" y="{baseline:.1f}">'
        spans.append(start + "".join(_draw_run(text, run, style) for text, run in line) + "</tspan>")
        top += height
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    weight = f' font-weight="{style.weight}"' if style.weight != 400 else ""
    fill = f' fill="{escape(style.colour)}"'
    return f'<text font-size="{style.size:g}"{fill}{weight} text-anchor="{place}"{turn}>{"".join(spans)}</text>'


def _draw_run(text: str, run: Style, whole: Style) -> str:
    if run == whole:
        return escape(text)
    return f'<tspan font-size="{run.size:g}" fill="{escape(run.colour)}" font-weight="{run.weight}">{escape(text)}</tspan>'


def _read_lines(markup: str, style: Style) -> list[list[tuple[str, Style]]]:
    reader = _LabelReader(style)
    reader.feed(markup)
    reader.close()
    return reader.lines


class _LabelReader(HTMLParser):
    """Reads a label into lines of runs."""

    def __init__(self, style: Style) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[list[tuple[str, Style]]] = [[]]
        self._styles = [style]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.lines.append([])
        elif tag == "b":
            self._styles.append(replace(self._styles[-1], weight=700))
        elif tag == "span":
            self._styles.append(_restyle(self._styles[-1], dict(attrs).get("style") or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("b", "span") and len(self._styles) > 1:
            self._styles.pop()

    def handle_data(self, data: str) -> None:
        self.lines[-1].append((data, self._styles[-1]))


def _restyle(style: Style, css: str) -> Style:
    rules = dict(part.split(":", 1) for part in css.split(";") if ":" in part)
    size = float(rules["font-size"].strip().removesuffix("px")) if "font-size" in rules else style.size
    weight = int(rules["font-weight"]) if "font-weight" in rules else style.weight
    return Style(size, rules.get("color", style.colour).strip(), weight)
