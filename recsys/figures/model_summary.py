"""How a model is built, as nested boxes."""

import plotly.graph_objects as go

from recsys.analysis.model_summary import ModelPart
from recsys.figures.chart import Chart
from recsys.figures.palette import Palette, escaped, mixed


def parts_boxes(model: ModelPart, colours: Palette) -> go.Figure:
    """The parts of a model from left to right, each as high as it holds numbers; what is fixed is grey."""
    figure = Chart("How it is built", colours, 420, "height: how many numbers a part holds · grey: fixed, not learnt")
    parts = [part for part in _shown(model) if part.size]
    figure.add_trace(
        dict(
            type="icicle",
            ids=[part.path or "model" for part in parts],
            labels=[escaped(spoken(part)) for part in parts],
            parents=["" if not part.path else part.path.rpartition(".")[0] or "model" for part in parts],
            values=[part.size for part in parts],
            branchvalues="total",
            marker=dict(
                colors=[_tint(part, colours) for part in parts],
                line=dict(color=colours.background, width=2),
            ),
            text=[f"{escaped(part.kind)} · {part.size:,}" for part in parts],
            textinfo="label+text",
            textfont=dict(size=13, color=colours.text),
            tiling=dict(orientation="h", pad=2),
            pathbar=dict(visible=False),
            hovertemplate="<b>%{label}</b><br>%{text} numbers, %{percentRoot:.1%} of all<extra></extra>",
            sort=False,
        )
    )
    figure.update_layout(margin=dict(l=0, r=0, t=40, b=0), uniformtext=dict(minsize=11, mode="hide"))
    return figure.drawn()


def _shown(part: ModelPart) -> list[ModelPart]:
    """Every part but the arrays of the smallest modules, which tell nothing more than the module."""
    found = [part]
    for each in part.parts:
        found += _shown(each) if any(inner.parts for inner in each.parts) else [each]
    return found


def spoken(part: ModelPart) -> str:
    """What to call a part: its name in words; the third of several alike is "block 3"."""
    above = part.path.rpartition(".")[0].rpartition(".")[2]
    if part.name.isdigit():
        return f"{above.removesuffix('s') or 'part'} {int(part.name) + 1}"
    return part.name.strip("_").replace("_", " ") or "the model"


def _tint(part: ModelPart, colours: Palette) -> str:
    if not part.learnt:
        return colours.surface
    depth = part.path.count(".") + 1 if part.path else 0
    return mixed(colours.accent, colours.background, min(0.68 + 0.07 * depth, 0.9))
