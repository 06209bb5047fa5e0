"""The parts of the checkpoints page: what is trained, the form for a new model, and the run that goes on."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages import cache
from pages.evaluate.checkpoints import architecture
from pages.evaluate.checkpoints.training_job import SHOWN, Job
from pages.shell import cursor
from pages.shell.cursor import Cursor
from pages.ui import charts, html, metrics, theme
from pages.ui.errors import escape_markdown, guarded
from recsys.core import Dataset
from recsys.core.devices import DEVICES
from recsys.core.split import PROTOCOLS, default_protocol
from recsys.figures.training import loss_curve, validation_curve
from recsys.models import MODELS, ModelSpec
from recsys.storage.files import check_name

if TYPE_CHECKING:
    from recsys.training.checkpoints import Card, Found
    from recsys.training.loop import Progress

MAIN = ("embedding_size", "n_blocks", "n_heads", "max_length", "dropout", "learning_rate", "epochs", "patience")


def draw_trained(here: Cursor, trained: Mapping[str, "Found"]) -> None:
    """One line a checkpoint, and the details of one."""
    names = list(trained)
    rows = "".join(_row(found, here) for found in trained.values())
    heads = '<th>Checkpoint</th><th>Protocol</th><th class="n">NDCG@10</th><th class="n">Hit rate@10</th><th class="n">Parameters</th><th class="n">Trained in</th><th>When, UTC</th>'
    st.html(f'<table class="rs-table"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>')
    st.caption("NDCG@10 and hit rate are of validation, the events the epoch was chosen by.")
    chosen = st.selectbox(
        "Look closer at",
        names,
        index=names.index(here.model) if here.model in names else 0,
        key="closer",
        format_func=lambda name: escape_markdown(_title(trained[name].card)),
    )
    if chosen in trained:
        _details(here, trained[chosen])


def _row(found: "Found", here: Cursor) -> str:
    card = found.card
    stale = "" if card.dataset_fingerprint == here.dataset.fingerprint else "made on an older version of this data: train it again"
    note = stale or ("ships with Recscope" if found.shipped else "your own")
    figures = "".join(f'<td class="n">{metrics.metric_html(card.validation, card.intervals, name)}</td>' for name in ("ndcg@10", "hr@10"))
    return (
        f'<tr class="{"now" if found.name == here.model else ""}"><td>{html.escape_html(_title(card))}<small>{html.escape_html(note)}</small></td>'
        f'<td>{html.escape_html(card.protocol)}</td>{figures}<td class="n">{card.parameters:,}</td><td class="n">{html.escape_html(metrics.format_train_time(card.seconds))}</td>'
        f"<td>{html.escape_html(card.created[:16].replace('T', ' '))}</td></tr>"
    )


def _title(card: "Card") -> str:
    return MODELS[card.model].title if card.name == card.model else f"{card.name} ({MODELS[card.model].title})"


def _details(here: Cursor, found: "Found") -> None:
    card = found.card
    facts = {
        "epochs": f"{card.epochs}",
        "targets a second": f"{card.targets_per_second:,.0f}",
        "parameters": f"{card.parameters:,}",
        "seed": f"{card.seed}",
        "trained on": card.device,
    }
    st.html(html.facts(facts if MODELS[card.model].gradient else {key: facts[key] for key in ("parameters", "seed", "trained on")}))
    html.lead(html.escape_html(MODELS[card.model].summary))
    if card.history:
        _curves(card.history, f"card_{card.name}")
    if card.dataset_fingerprint == here.dataset.fingerprint:
        architecture.draw(here, found)
    with st.container(horizontal=True):
        if found.name != here.model:
            st.button("Look through this model", key="use_checkpoint", on_click=cursor.move_cursor, kwargs={"model": found.name})
    with st.expander("Everything the card says"):
        st.json(
            {
                "settings": card.config,
                "validation": card.validation,
                "versions": card.versions,
                "created": card.created,
                "vocabulary": card.vocabulary,
                "data": card.dataset_fingerprint,
            }
        )


def _curves(history: Any, key: str) -> None:
    colours = theme.theme_palette()
    left, right = st.columns(2, gap="medium")
    with left:
        charts.chart(loss_curve(history, colours), key=f"{key}_loss", alt=f"Loss of {len(history)} epochs.")
    with right:
        charts.chart(validation_curve(history, colours), key=f"{key}_validation", alt=f"Validation NDCG@10 of {len(history)} epochs.")


def draw_form(here: Cursor) -> None:
    """Choose a model and its settings; the start button hands over to a thread."""
    dataset = here.dataset
    fitting = {name: spec for name, spec in MODELS.items() if not spec.candidates_only and not spec.lacks(dataset.has)}
    first, second, third = st.columns(3)
    model = first.selectbox("Model", fitting, key="train_model", format_func=lambda name: escape_markdown(fitting[name].title))
    spec = fitting[model]
    default = PROTOCOLS.index(default_protocol(dataset))
    protocols = PROTOCOLS if dataset.times is not None else ("last-out",)
    protocol = second.selectbox(
        "Protocol",
        protocols,
        index=min(default, len(protocols) - 1),
        key="train_protocol",
        help=" ".join(f"{name}: {text}." for name, text in metrics.PROTOCOLS.items()),
    )
    device = third.selectbox("Runs on", DEVICES, key="train_device") if spec.gradient else "cpu"
    st.caption(escape_markdown(spec.summary))
    settings = _settings(spec, model)
    minutes = None
    first, second, third = st.columns(3)
    name = first.text_input(
        "Called", value=model, max_chars=60, key=f"train_name_{model}", help="A checkpoint of the same name is replaced at the end."
    )
    if spec.gradient:
        minutes = second.number_input("Minutes at most", 0.5, 600.0, 10.0, step=1.0, key="train_minutes")
    seed = third.number_input("Seed", 0, 2**32 - 1, 1, key="train_seed", help="The same seed gives the same model.")
    busy = SHOWN in st.session_state and st.session_state[SHOWN].running
    arguments = dict(model=model, protocol=protocol, settings=settings, seed=int(seed), device=device, minutes=minutes, name=name.strip())
    st.button(
        "Start training",
        type="primary",
        key="start_training",
        disabled=busy,
        on_click=_start,
        args=(dataset, arguments),
        help="One run at a time" if busy else None,
    )


def _settings(spec: ModelSpec, model: str) -> dict[str, Any]:
    """Widgets for the config's fields, the main ones in sight, those a preset fixes left out; only what was changed is returned."""
    config = spec.load().Config
    free = [
        each
        for each in fields(config)
        if each.name not in dict(spec.preset) and isinstance(each.default, (int, float)) and not isinstance(each.default, bool)
    ]
    main = [each for each in free if each.name in MAIN]
    chosen: dict[str, Any] = {}
    if main:
        _widgets(main, model, chosen)
    rest = [each for each in free if each not in main]
    if rest:
        with st.expander("More settings" if main else "Settings"):
            _widgets(rest, model, chosen)
    return {each.name: chosen[each.name] for each in free if chosen[each.name] != each.default}


def _widgets(wanted: list[Any], model: str, chosen: dict[str, Any]) -> None:
    for start in range(0, len(wanted), 4):
        for column, each in zip(st.columns(4), wanted[start : start + 4], strict=False):
            whole = isinstance(each.default, int)
            label = each.name.replace("n_", "").replace("_", " ").capitalize()
            look_like = "%d" if whole else "%g"
            step = 1 if whole else max(abs(each.default) / 10, 1e-4)
            chosen[each.name] = column.number_input(label, value=each.default, step=step, format=look_like, key=f"set_{model}_{each.name}")


@guarded
def _start(dataset: Dataset, arguments: dict[str, Any]) -> None:
    """Check what can be checked now, then train beside the page."""
    name = check_name("checkpoint", arguments["name"])
    MODELS[arguments["model"]].config(**arguments["settings"])
    own = cache.private_checkpoints(dataset)
    folder = None if own is None else own / name

    def steps(stop: Any) -> "Iterator[Progress]":
        from recsys.training.loop import train_model

        return train_model(dataset=dataset, stop=stop, folder=folder, **arguments)

    job = Job(steps, MODELS[arguments["model"]].title, dataset.name, name, _window_open())
    st.session_state[SHOWN] = job
    job.start()


def _window_open() -> Callable[[], bool]:
    """Tells, from any thread, whether this session still has a window."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return lambda: True
    return partial(runtime.get_instance().is_active_session, context.session_id)


def draw_running(here: Cursor) -> None:
    """The run of this session, live while it goes on."""
    job: Job | None = st.session_state.get(SHOWN)
    if job is None:
        return
    with st.container(border=True):
        st.fragment(_live, run_every=1.0 if job.running else None)(job, here)


@guarded
def _live(job: Job, here: Cursor) -> None:
    progress, running = job.progress, job.running
    if not running and st.session_state.get("training_seen") != id(job):
        st.session_state["training_seen"] = id(job)
        st.rerun()  # the whole page: the list of models has a new one
    if job.error is not None:
        st.error(escape_markdown(job.error))
    elif running:
        share, text = _share(progress)
        st.progress(
            share,
            text=escape_markdown(
                f"{job.title}, called {job.name}: {'stopping: what it has learnt so far is judged and kept …' if job.stopping else text}"
            ),
        )
    else:
        st.success(escape_markdown(f"{job.title} is trained and called {job.name}."))
    if progress is not None and progress.history:
        _curves(list(progress.history), "live")
    with st.container(horizontal=True):
        if running:
            st.button("Stop and keep the best so far", key="stop_training", disabled=job.stopping, on_click=job.stop)
        else:
            if job.error is None and job.dataset == here.dataset.name:
                if here.model == job.name:
                    st.page_link("explore/timeline/page.py", label="See it on a timeline")
                else:
                    st.button("Look through it", key="use_trained", type="primary", on_click=cursor.move_cursor, kwargs={"model": job.name})
            st.button("Close", key="close_training", on_click=_close)


def _close() -> None:
    st.session_state.pop(SHOWN, None)


def _share(progress: "Progress | None") -> tuple[float, str]:
    """How far it is, and how it goes, in words."""
    if progress is None:
        return 0.0, "learning from the first events …"
    done = len(progress.history) + (progress.batch / progress.batches if progress.batches > 1 else 0)
    left = (
        f", about {metrics.format_train_time(progress.seconds_left)} left at most" if progress.seconds_left == progress.seconds_left else ""
    )
    loss = f", loss {progress.loss:.3f}" if progress.loss == progress.loss else ""
    speed = f", {progress.targets_per_second:,.0f} events a second on {progress.device}"
    return min(done / max(progress.epochs, 1), 1.0), f"epoch {progress.epoch} of {progress.epochs}{loss}{speed}{left}"
