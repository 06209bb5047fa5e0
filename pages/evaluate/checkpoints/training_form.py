"""The form that trains a new model."""

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages import cache
from pages.shell.account import check_action, draw_refusal
from pages.shell.cursor import Cursor
from pages.ui.errors import escape_markdown, guarded
from pages.ui.training_job import STATE, TrainingJob, session_check
from recsys.core import Dataset
from recsys.core.devices import DEVICES
from recsys.core.split import PROTOCOL_DESCRIPTIONS, PROTOCOLS, default_protocol
from recsys.core.translation import N_, _
from recsys.models import MODELS, ModelSpec
from recsys.storage.paths import check_name

if TYPE_CHECKING:
    from recsys.training.loop import Progress

MAIN_SETTINGS = ("embedding_size", "n_blocks", "n_heads", "max_length", "dropout", "learning_rate", "epochs", "patience")
SETTING_LABELS = {
    "backoff": N_("Backoff weight"),
    "batch_tokens": N_("Events per batch"),
    "discount": N_("Discount"),
    "dropout": N_("Dropout"),
    "embedding_size": N_("Embedding size"),
    "epochs": N_("Epochs"),
    "floor": N_("Minimum weight of an event"),
    "half_life": N_("Half-life"),
    "hidden_size": N_("Hidden size"),
    "hours": N_("Hour bandwidth"),
    "keep": N_("Weights per item"),
    "kilometres": N_("Distance scale, km"),
    "learning_rate": N_("Learning rate"),
    "max_length": N_("Maximum length"),
    "most": N_("Maximum number of models"),
    "n_blocks": N_("Blocks"),
    "n_heads": N_("Attention heads"),
    "n_negatives": N_("Negatives per batch"),
    "neighbours": N_("Neighbours"),
    "order": N_("N-gram order"),
    "other_day": N_("Weight of other days"),
    "own": N_("Weight of own items"),
    "patience": N_("Patience, epochs"),
    "popularity": N_("Weight of popularity"),
    "rarity": N_("Weight of rare items"),
    "regularisation": N_("Regularisation"),
    "shrinkage": N_("Shrinkage"),
    "size": N_("Vector size"),
    "weight": N_("Weight of an event"),
    "weight_decay": N_("Weight decay"),
}


def draw_form(here: Cursor) -> None:
    """Draw the choice of model and settings, and the button that starts the training in a thread."""
    dataset = here.dataset
    if draw_refusal(_training_action(dataset)):
        return
    fitting = {name: spec for name, spec in MODELS.items() if not spec.candidates_only and not spec.lacks(dataset.has)}
    first, second, third = st.columns(3)
    model = first.selectbox(_("Model"), list(fitting), key="train_model", format_func=lambda name: fitting[name].label)
    spec = fitting[model]
    protocols = list(PROTOCOLS) if dataset.times is not None else ["last-out"]
    default = default_protocol(dataset)
    protocol = second.selectbox(
        _("Protocol"),
        protocols,
        index=protocols.index(default) if default in protocols else 0,
        key="train_protocol",
        help="\n\n".join(
            _("{protocol}: {description}.", protocol=name, description=_(text)) for name, text in PROTOCOL_DESCRIPTIONS.items()
        ),
    )
    device = third.selectbox(_("Device"), DEVICES, key="train_device") if spec.gradient else "cpu"
    st.caption(escape_markdown(spec.summary))
    settings = _draw_settings(spec, model)
    minutes = None
    first, second, third = st.columns(3)
    name = first.text_input(
        _("Checkpoint name"),
        value=model,
        max_chars=60,
        key=f"train_name_{model}",
        help=_("An existing checkpoint of the same name is replaced when training ends."),
    )
    if spec.gradient:
        minutes = second.number_input(_("Time limit in minutes"), 0.5, 600.0, 10.0, step=1.0, key="train_minutes")
    seed = third.number_input(_("Seed"), 0, 2**32 - 1, 1, key="train_seed", help=_("The same seed gives the same model."))
    busy = STATE in st.session_state and st.session_state[STATE].running
    arguments = dict(model=model, protocol=protocol, settings=settings, seed=int(seed), device=device, minutes=minutes, name=name.strip())
    st.button(
        _("Start training"),
        type="primary",
        key="start_training",
        disabled=busy,
        on_click=_start,
        args=(dataset, arguments),
        help=_("Only one training run at a time") if busy else None,
    )


def _draw_settings(spec: ModelSpec, model: str) -> dict[str, Any]:
    """Draw a widget for each field of the config that the preset leaves open, and return those that were changed."""
    config = spec.load().Config
    free = [
        each
        for each in fields(config)
        if each.name not in dict(spec.preset) and isinstance(each.default, (int, float)) and not isinstance(each.default, bool)
    ]
    main = [each for each in free if each.name in MAIN_SETTINGS]
    chosen: dict[str, Any] = {}
    if main:
        _draw_fields(main, model, chosen)
    rest = [each for each in free if each not in main]
    if rest:
        with st.expander(_("More settings") if main else _("Settings")):
            _draw_fields(rest, model, chosen)
    return {each.name: chosen[each.name] for each in free if chosen[each.name] != each.default}


def _draw_fields(settings: list[Any], model: str, chosen: dict[str, Any]) -> None:
    for start in range(0, len(settings), 4):
        for column, each in zip(st.columns(4), settings[start : start + 4], strict=False):
            is_whole = isinstance(each.default, int)
            chosen[each.name] = column.number_input(
                _setting_label(each.name),
                value=each.default,
                step=1 if is_whole else max(abs(each.default) / 10, 1e-4),
                format="%d" if is_whole else "%g",
                key=f"set_{model}_{each.name}",
            )


def _setting_label(name: str) -> str:
    """Return the label of a setting; the name in the config for one that has no label yet."""
    return _(SETTING_LABELS[name]) if name in SETTING_LABELS else name.removeprefix("n_").replace("_", " ").capitalize()


def _training_action(dataset: Dataset) -> str:
    """Return the action that training is: a model of an upload stays with it, one of any other dataset is there for everyone."""
    return "train" if cache.private_checkpoints(dataset) is None else "upload"


@guarded
def _start(dataset: Dataset, arguments: dict[str, Any]) -> None:
    """Check the name and the settings now, then train in a thread."""
    name = check_name("checkpoint", arguments["name"])
    MODELS[arguments["model"]].config(**arguments["settings"])
    check_action(_training_action(dataset), f"{arguments['model']} trained as {name} on {dataset.name}")
    own = cache.private_checkpoints(dataset)
    folder = None if own is None else own / name

    def steps(stop: Callable[[], bool]) -> "Iterator[Progress]":
        from recsys.training.loop import train_model

        return train_model(dataset=dataset, stop=stop, folder=folder, **arguments)

    job = TrainingJob(steps, arguments["model"], dataset.name, name, session_check())
    st.session_state[STATE] = job
    job.start()
