"""Translation against catalogues compiled here, and the separation of languages between contexts."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from recsys.core import translation
from recsys.core.errors import UnknownNameError, unknown
from recsys.core.nouns import count_events
from recsys.core.translation import (
    ENGLISH,
    N_,
    _,
    available_languages,
    choose_language,
    current_language,
    follow_session,
    language,
    ngettext,
)

GERMAN = {
    "Timeline": "Zeitachse",
    "{user} after {step} of {events} events": "{events} Ereignisse, davon {step}: {user}",
    "there is no {kind} '{name}'; did you mean {suggestions}?": "{kind} „{name}“ gibt es nicht; gemeint: {suggestions}?",
    "model": "Modell",
    ("{count} user left out", "{count} users left out"): ("{count} Person ausgelassen", "{count} Personen ausgelassen"),
    ("{count} check-in", "{count} check-ins"): ("{count} Check-in", "{count} Check-ins"),
}
POLISH = {("{count} event", "{count} events"): ("{count} zdarzenie", "{count} zdarzenia", "{count} zdarzeń")}
BRAZILIAN = {"Timeline": "Linha do tempo"}


def compile_catalogue(folder: Path, name: str, messages: dict) -> None:
    catalogue = Catalog(locale=name)
    for message, translated in messages.items():
        catalogue.add(message, translated)
    path = folder / name / "LC_MESSAGES" / "recscope.mo"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_mo(file, catalogue)


@pytest.fixture(autouse=True)
def translations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, messages in (("de", GERMAN), ("pl", POLISH), ("pt_BR", BRAZILIAN)):
        compile_catalogue(tmp_path, name, messages)
    monkeypatch.setenv("RECSYS_TRANSLATIONS", str(tmp_path))
    return tmp_path


@pytest.fixture
def session() -> Iterator[list[str]]:
    """The language of a session, in a list that a test may change."""
    chosen = ["de"]
    before = list(translation._session_language)
    follow_session(lambda: chosen[0])
    yield chosen
    translation._session_language[:] = before


class TestMessages:
    def test_without_a_language_messages_are_english(self) -> None:
        assert current_language() == ENGLISH
        assert _("Timeline") == "Timeline"
        assert _("{user} after {step} of {events} events", user="ann", step=3, events=9) == "ann after 3 of 9 events"

    def test_a_translated_template_may_reorder_its_placeholders(self) -> None:
        with language("de"):
            assert _("Timeline") == "Zeitachse"
            assert _("{user} after {step} of {events} events", user="ann", step=3, events=9) == "9 Ereignisse, davon 3: ann"

    def test_a_message_missing_from_the_catalogue_stays_english(self) -> None:
        with language("de"):
            assert _("Not in the catalogue: {name}", name="x") == "Not in the catalogue: x"

    def test_a_language_without_a_catalogue_falls_back_to_english(self) -> None:
        with language("fr"):
            assert _("Timeline") == "Timeline"
            assert ngettext("{count} event", "{count} events", 1) == "1 event"

    def test_without_values_braces_and_percent_signs_are_kept(self) -> None:
        assert _("%{x}: {y}") == "%{x}: {y}"
        assert _("%{{x}}: {y}", y=100) == "%{x}: 100"

    def test_braces_in_values_are_not_placeholders(self) -> None:
        assert _("title: {title}", title="{0} {name}") == "title: {0} {name}"

    def test_the_empty_message_is_empty_and_not_the_header_of_the_catalogue(self) -> None:
        with language("de"):
            assert _("") == ""

    def test_a_marked_message_is_translated_where_it_is_shown(self) -> None:
        label = N_("Timeline")
        assert label == "Timeline"
        with language("de"):
            assert label == "Timeline" and _(label) == "Zeitachse"

    def test_library_errors_are_in_the_language_of_the_context(self) -> None:
        assert str(unknown("model", "markow", ["markov", "ease"])) == "there is no model 'markow'; did you mean markov?"
        with language("de"):
            error = unknown("model", "markow", ["markov", "ease"])
        assert isinstance(error, UnknownNameError)
        assert str(error) == "Modell „markow“ gibt es nicht; gemeint: markov?"


class TestFaultyCatalogues:
    @pytest.mark.parametrize("translated", ["{nutzer} fehlt", "{user} und {", "{0}", "{user!x}"])
    def test_a_translation_that_cannot_be_filled_in_gives_way_to_english(self, translated: str, translations: Path) -> None:
        compile_catalogue(translations, "nl", {"{user} left": translated, ("{count} left", "{count} lefts"): (translated,) * 2})
        with language("nl"):
            assert _("{user} left", user="Ann") == "Ann left"
            assert (ngettext("{count} left", "{count} lefts", 1), ngettext("{count} left", "{count} lefts", 2)) == ("1 left", "2 lefts")

    @pytest.mark.parametrize("content", [b"", b"nonsense", b"\xde\x12\x04\x95" + b"\xff" * 40])
    def test_a_damaged_catalogue_is_as_if_missing(self, content: bytes, translations: Path) -> None:
        compile_catalogue(translations, "nl", {"Timeline": "Tijdlijn"})
        (translations / "nl" / "LC_MESSAGES" / "recscope.mo").write_bytes(content)
        with language("nl"):
            assert _("Timeline") == "Timeline"


def test_a_language_is_not_taken_for_its_variant(translations: Path) -> None:
    compile_catalogue(translations, "de_DE", {"Timeline": "Zeitstrahl"})
    with language("de"):
        assert _("Timeline") == "Zeitachse"
    with language("de_DE"):
        assert _("Timeline") == "Zeitstrahl"


class TestPlurals:
    @pytest.mark.parametrize(("count", "text"), [(0, "0 users left out"), (1, "1 user left out"), (1234, "1,234 users left out")])
    def test_english(self, count: int, text: str) -> None:
        assert ngettext("{count} user left out", "{count} users left out", count) == text

    @pytest.mark.parametrize(("count", "text"), [(0, "0 Personen"), (1, "1 Person"), (1234, "1.234 Personen")])
    def test_german(self, count: int, text: str) -> None:
        with language("de"):
            assert ngettext("{count} user left out", "{count} users left out", count) == f"{text} ausgelassen"

    @pytest.mark.parametrize(
        ("count", "noun"), [(1, "zdarzenie"), (2, "zdarzenia"), (4, "zdarzenia"), (5, "zdarzeń"), (12, "zdarzeń"), (22, "zdarzenia")]
    )
    def test_polish_has_three_forms(self, count: int, noun: str) -> None:
        with language("pl"):
            assert count_events(count, "event") == f"{count} {noun}"

    def test_a_fraction_takes_the_form_of_the_number_that_is_shown(self) -> None:
        assert ngettext("{count} event", "{count} events", 1.6) == "2 events"
        assert ngettext("{count} event", "{count} events", 0.7) == "1 event"

    def test_the_count_can_be_given_in_other_words(self) -> None:
        assert ngettext("{count} of {total} event", "{count} of {total} events", 2, count="two", total=9) == "two of 9 events"

    def test_a_noun_of_the_dataset(self) -> None:
        assert count_events(57, "check-in") == "57 check-ins"
        assert count_events(1, "rating") == "1 rating"
        assert count_events(1, "review") == "1 review"
        assert count_events(3, "no such noun") == "3 events"
        with language("de"):
            assert count_events(1, "check-in") == "1 Check-in"


class TestLanguages:
    def test_english_and_the_compiled_catalogues_are_available(self, translations: Path) -> None:
        (translations / "fr").mkdir()  # no catalogue in it
        assert available_languages() == ["en", "de", "pl", "pt_BR"]

    def test_there_is_always_english(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RECSYS_TRANSLATIONS", str(tmp_path / "nothing"))
        assert available_languages() == ["en"]
        assert choose_language(["de", "fr"]) == "en"

    @pytest.mark.parametrize(
        ("wanted", "chosen"),
        [
            (["de"], "de"),
            (["de-AT"], "de"),
            (["DE-at"], "de"),
            (["pt-BR"], "pt_BR"),
            (["pt-br"], "pt_BR"),
            (["pt_BR_x"], "pt_BR"),
            (["pt"], "en"),
            (["fr", "de"], "de"),
            (["en-US", "de"], "en"),
            (["fr-CH", "*", ""], "en"),
            ([], "en"),
            (["../de"], "en"),
        ],
    )
    def test_the_first_available_language_is_chosen(self, wanted: list[str], chosen: str) -> None:
        assert choose_language(wanted) == chosen

    def test_the_shipped_folder_is_the_default(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("RECSYS_TRANSLATIONS")
        assert translation.translations_folder() == Path(__file__).resolve().parents[2] / "assets" / "translations"


class TestContexts:
    def test_a_block_ends_with_its_language(self) -> None:
        with language("de"):
            with language("pl"):
                assert current_language() == "pl"
            assert current_language() == "de"
        assert current_language() == "en"

    def test_a_block_ends_with_its_language_after_an_error(self) -> None:
        with pytest.raises(ValueError, match="stop"), language("de"):
            raise ValueError("stop")
        assert current_language() == "en"

    def test_the_session_is_asked_every_time(self, session: list[str]) -> None:
        assert _("Timeline") == "Zeitachse"
        session[0] = "pt_BR"
        assert _("Timeline") == "Linha do tempo"

    def test_a_block_takes_precedence_over_the_session(self, session: list[str]) -> None:
        with language("en"):
            assert _("Timeline") == "Timeline"
        assert _("Timeline") == "Zeitachse"

    def test_two_threads_do_not_mix_their_languages(self) -> None:
        both_inside = threading.Barrier(2, timeout=20)

        def translate(name: str) -> list[str]:
            with language(name):
                both_inside.wait()
                texts = [_("Timeline") for _i in range(200)]
                both_inside.wait()
            return [*texts, current_language()]

        with ThreadPoolExecutor(2) as pool:
            german, brazilian = pool.map(translate, ("de", "pt_BR"))
        assert german == ["Zeitachse"] * 200 + ["en"]
        assert brazilian == ["Linha do tempo"] * 200 + ["en"]
        assert current_language() == "en"
