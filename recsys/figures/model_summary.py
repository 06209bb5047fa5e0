"""Architecture of a model as nested boxes."""

import plotly.graph_objects as go

from recsys.analysis.model_summary import ModelPart
from recsys.core.translation import _, ngettext
from recsys.figures.chart import Chart
from recsys.figures.palette import Palette, escape_label, mix_colours


def parts_icicle(model: ModelPart, colours: Palette) -> go.Figure:
    """The parts of a model from left to right, as high as their numbers of parameters; fixed parts are grey."""
    figure = Chart(_("Parameters by part"), colours, 420, _("height: number · grey: fixed"))
    parts = [part for part in _list_shown(model) if part.size]
    figure.add_trace(
        dict(
            type="icicle",
            ids=[part.path or "model" for part in parts],
            labels=[escape_label(part.title) for part in parts],
            parents=["" if not part.path else part.path.rpartition(".")[0] or "model" for part in parts],
            values=[part.size for part in parts],
            branchvalues="total",
            marker=dict(
                colors=[_tint(part, colours) for part in parts],
                line=dict(color=colours.background, width=2),
            ),
            text=[_describe_size(part) for part in parts],
            textinfo="label+text",
            textfont=dict(size=13, color=colours.text),
            tiling=dict(orientation="h", pad=2),
            pathbar=dict(visible=False),
            hovertemplate=_("<b>%{label}</b><br>%{text}, %{percentRoot:.1%} of all<extra></extra>"),
            sort=False,
        )
    )
    figure.update_layout(margin=dict(l=0, r=0, t=40, b=0), uniformtext=dict(minsize=11, mode="hide"))
    return figure.to_figure()


def _describe_size(part: ModelPart) -> str:
    if not part.kind:
        return ngettext("{count} parameter", "{count} parameters", part.size)
    return ngettext("{kind}: {count} parameter", "{kind}: {count} parameters", part.size, kind=escape_label(part.kind))


def _list_shown(part: ModelPart) -> list[ModelPart]:
    """All parts but the arrays of the smallest modules, which add nothing to the module."""
    shown = [part]
    for each in part.parts:
        shown += _list_shown(each) if any(inner.parts for inner in each.parts) else [each]
    return shown


def _tint(part: ModelPart, colours: Palette) -> str:
    if not part.trainable:
        return colours.surface
    depth = part.path.count(".") + 1 if part.path else 0
    return mix_colours(colours.accent, colours.background, min(0.68 + 0.07 * depth, 0.9))
