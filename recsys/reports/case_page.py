"""One case of a report: its head, its note, its sections, and how they were made."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from recsys.accounts.account import LOCAL
from recsys.cases.case import PAGE_TITLES, Case, View
from recsys.cases.note_html import render_note
from recsys.core import Dataset
from recsys.core.errors import RecsysError
from recsys.core.formatting import format_fixed, format_moment, format_number, local_time
from recsys.core.nouns import count_events
from recsys.core.rank_text import format_rank
from recsys.core.split import PROTOCOL_DESCRIPTIONS
from recsys.core.translation import N_, _
from recsys.core.user_names import name_user
from recsys.drift import FeatureSpace
from recsys.feedback.version_names import number_version, split_version
from recsys.models import find_model_spec
from recsys.reports.attention import make_attention_section
from recsys.reports.drift import make_drift_section
from recsys.reports.explanation import Explain, make_explanation_section
from recsys.reports.sections import Section
from recsys.reports.step import Step
from recsys.reports.timeline import make_comparison_section, make_list_section, make_map_section, make_timeline_section
from recsys.training.checkpoints import CheckpointCard, LoadedCheckpoint

SPLITS = {"train": N_("training event"), "validation": N_("validation event"), "test": N_("test event, not used in training")}
Fact = tuple[str, str]


@dataclass(frozen=True)
class CasePage:
    """A case as the template draws it. `note` is HTML without markup of its author; all other texts are plain."""

    title: str
    summary: str
    mark: str
    tags: tuple[str, ...]
    note: str
    warnings: tuple[str, ...]
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...]
    protocol: tuple[Fact, ...]


@dataclass(frozen=True, eq=False)
class Sources:
    """The sources of the data and explanations of a report: each is made once, and what is gone raises a RecsysError."""

    open_dataset: Callable[[str], Dataset]
    load_checkpoint: Callable[[Dataset, str], LoadedCheckpoint]
    find_space: Callable[[Dataset], FeatureSpace]
    explain: Explain


def make_case_page(case: Case, sources: Sources) -> CasePage:
    """Return the page of a case; where its data or its model is gone, what is known without them and the reason."""
    view = case.view
    try:
        dataset = sources.open_dataset(view.dataset)
        dataset.history(view.user_id).until(view.step)
    except RecsysError as error:
        return _make_short_page(case, _("The data of this case is gone, or has changed since: {reason}.", reason=_as_clause(error)))
    try:
        loaded = sources.load_checkpoint(dataset, name_version(view))
    except RecsysError as error:
        known = _make_short_page(case, _("The model of this case cannot be opened: {reason}.", reason=_as_clause(error)))
        events = count_events(len(dataset.history(view.user_id)), dataset.noun)
        title = _("{user} after {step} of {events}", user=name_user(dataset, view.user_id), step=format_number(view.step), events=events)
        facts = ((_("Dataset"), dataset.title), *known.facts[1:])
        return replace(known, title=title, facts=facts, protocol=_describe_data(dataset))
    return _make_whole_page(case, Step(dataset, loaded, view.user_id, view.step), sources)


def name_version(view: View) -> str:
    """Return the name of the very version of the checkpoint that a view shows, also where another one has been promoted since."""
    return view.checkpoint if ":" in view.checkpoint else number_version(split_version(view.checkpoint)[0], view.version)


def _make_whole_page(case: Case, here: Step, sources: Sources) -> CasePage:
    view, card = case.view, here.loaded.card
    events = count_events(len(here.history), here.dataset.noun)
    title = _("{user} after {step} of {events}", user=name_user(here.dataset, here.user), step=format_number(here.step), events=events)
    summary, mark = _summarize(here)
    return CasePage(
        title=title,
        summary=summary,
        mark=mark,
        tags=case.tags,
        note=render_note(case.note),
        warnings=tuple(_find_changes(view, here)),
        facts=(
            (_("Dataset"), here.dataset.title),
            (_("Model"), _name_model(card)),
            (_("Event"), _(SPLITS[here.split]) if here.split in SPLITS else _("the timeline ends here")),
            *_describe_keeping(case),
        ),
        sections=tuple(_make_sections(case, here, sources)),
        protocol=(*_describe_data(here.dataset), *_describe_model(here.loaded)),
    )


def _make_sections(case: Case, here: Step, sources: Sources) -> list[Section]:
    """Return the sections, those of the kept page first."""
    view = case.view
    sections = [
        make_timeline_section(here),
        make_list_section(here, was_changed=view.page == "recommend" and bool(view.settings)),
        make_map_section(here),
        make_explanation_section(here, view.settings, sources.explain),
        make_drift_section(here, sources.find_space(here.dataset), view.settings),
        make_attention_section(here, view.settings),
    ]
    if view.page == "compare":
        sections.append(_compare_models(case, here, sources))
    return sorted((each for each in sections if each is not None), key=lambda section: section.key != view.page)


def _compare_models(case: Case, here: Step, sources: Sources) -> Section | None:
    """Return the models that the kept page compared, without those that are gone; None where none is left."""
    titles, replays = [_name_model(here.loaded.card)], [here.replay]
    kept = case.view.settings.get(f"beside_{here.dataset.name}")
    for name in kept if isinstance(kept, list) else []:
        try:
            other = sources.load_checkpoint(here.dataset, str(name))
        except RecsysError:
            continue
        titles.append(_name_model(other.card))
        replays.append(here.replay_under(other, alone=True))
    return make_comparison_section(here, titles, replays) if len(replays) > 1 else None


def _summarize(here: Step) -> tuple[str, str]:
    """Return the line under the title, and whether it tells of a hit or a miss."""
    facts = [here.when] if here.when else []
    if here.next_item is None:
        return " · ".join([*facts, _("the timeline ends here")]), ""
    title, items = here.dataset.title_of(here.next_item), format_number(len(here.dataset.item_ids))
    if np.isnan(here.rank):
        facts.append(_("next item: {title}, no list at this step", title=title))
        return " · ".join(facts), ""
    facts.append(_("next item: {title}, rank {rank} of {items}", title=title, rank=format_rank(here.rank), items=items))
    return " · ".join(facts), "hit" if here.is_hit else "missed"


def _find_changes(view: View, here: Step) -> list[str]:
    found = []
    if view.dataset_fingerprint and view.dataset_fingerprint != here.dataset.fingerprint:
        found.append(_("The data has changed since this case was kept; the report shows it as it is now."))
    if view.checkpoint_fingerprint and view.checkpoint_fingerprint != here.loaded.fingerprint:
        found.append(_("The model has changed since this case was kept; the report shows what it does now."))
    return found


def _make_short_page(case: Case, warning: str) -> CasePage:
    view = case.view
    title = _("User {id} after step {step}", id=view.user_id, step=format_number(view.step))
    facts = ((_("Dataset"), view.dataset), (_("Model"), name_version(view)), *_describe_keeping(case))
    prints = ((_("Fingerprint of the data"), view.dataset_fingerprint), (_("Fingerprint of the model"), view.checkpoint_fingerprint))
    protocol = tuple((name, value) for name, value in prints if value)
    return CasePage(title, "", "", case.tags, render_note(case.note), (warning,), facts, (), protocol)


def _as_clause(error: RecsysError) -> str:
    return str(error).rstrip(".")


def _describe_keeping(case: Case) -> tuple[Fact, ...]:
    if not case.id:  # made for this report alone
        return ()
    page = (_("Kept from"), _(PAGE_TITLES[case.view.page])) if case.view.page in PAGE_TITLES else None
    kept = (_("Kept"), _name_time(case.kept_by, case.created))
    changed = (_("Changed"), _name_time(case.changed_by or _("an erased account"), case.changed)) if case.changed else None
    return tuple(each for each in (page, kept, changed) if each)


def _name_time(name: str, seconds: float) -> str:
    """Return the name and the time; the time alone for the owner of the machine without a sign-in."""
    return _utc(seconds) if name == LOCAL else _("{moment}, by {name}", name=name, moment=_utc(seconds))


def _utc(seconds: float) -> str:
    moment = local_time(seconds, 0.0)
    assert moment is not None
    return _("{moment} UTC", moment=format_moment(moment))


def _name_model(card: CheckpointCard) -> str:
    title = find_model_spec(card.model).title
    return title if card.name == card.model else _("{name} ({model})", name=card.name, model=title)


def _describe_data(dataset: Dataset) -> tuple[Fact, ...]:
    sizes = _(
        "{events}, {users} users, {items} items",
        events=count_events(len(dataset.interactions), dataset.noun),
        users=format_number(len(dataset.user_ids)),
        items=format_number(len(dataset.item_ids)),
    )
    return (_("Data"), f"{dataset.name}: {sizes}"), (_("Fingerprint of the data"), dataset.fingerprint)


def _describe_model(loaded: LoadedCheckpoint) -> tuple[Fact, ...]:
    card = loaded.card
    facts = [
        (_("Protocol"), _("{protocol}: {description}", protocol=card.protocol, description=_(PROTOCOL_DESCRIPTIONS[card.protocol]))),
        (_("Checkpoint"), _("{name}, made {moment}, seed {seed}", name=card.name, moment=card.created, seed=card.seed)),
        (_("Fingerprint of the model"), loaded.fingerprint),
        (_("Versions"), ", ".join(f"{name} {version}" for name, version in card.versions.items())),
    ]
    ndcg = card.validation.get("ndcg@10")
    if ndcg is not None:
        low, high = card.intervals.get("ndcg@10", (np.nan, np.nan))
        values = dict(value=format_fixed(ndcg, 3), low=format_fixed(low, 3), high=format_fixed(high, 3))
        facts.insert(2, (_("NDCG@10, validation"), _("{value}, interval {low} to {high}", **values)))
    return tuple(facts)
