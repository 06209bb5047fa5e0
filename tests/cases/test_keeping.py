"""Cases in the store, on both databases: kept, edited by two, deleted, searched, tagged, paged and erased."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from recsys.accounts.account import Account, open_local_account
from recsys.accounts.audit_log import list_actions
from recsys.cases import keeping
from recsys.cases.case import Case, CaseChangedError, View
from recsys.cases.keeping import count_tags, delete_case, edit_case, keep_case, list_cases, load_case
from recsys.cases.limits import LARGEST_SETTINGS, LONGEST_TAG, MOST_TAGS, clean_tags, join_search_text
from recsys.core.errors import DataError, NotAllowedError, UnknownNameError
from recsys.database.columns import LONGEST_NOTE
from recsys.database.engine import Store
from recsys.database.schema import CaseRow, new_id
from recsys.feedback.erasure import erase_account, erase_user
from tests.feedback.shown_lists import make_account

SETTINGS = {"explain_target": "margin", "whatif_gone_u1_3": [1, 2], "ü": {"deep": None}, "hour": -1}
VIEW = View("shop", "sasrec", 2, "c" * 64, "u1", 3, "explain", SETTINGS, "d" * 64)


@pytest.fixture
def ada(store: Store) -> Account:
    return make_account(store, "ada")


@pytest.fixture
def bob(store: Store) -> Account:
    return make_account(store, "bob")


@pytest.fixture
def admin(store: Store) -> Account:
    return make_account(store, "admin", "admin")


@pytest.fixture
def fill(store: Store, ada: Account) -> Callable[..., list[Case]]:
    """fill(("note", ["tag"], {"user_id": "u2"}), …): cases in this order of their times."""

    def keep(*given: tuple[str, list[str], dict[str, Any]]) -> list[Case]:
        return [keep_case(store, ada, replace(VIEW, **view), note, tags) for note, tags, view in given]

    return keep


def ids(cases: Any) -> list[str]:
    return [each.id for each in cases]


class TestKeeping:
    def test_a_case_comes_back_whole(self, store: Store, ada: Account, bob: Account) -> None:
        note = "<b>Ünder</b> 🙂 *why?*\n\n| a |\n|---|\n"
        made = keep_case(store, ada, VIEW, note, ["cold start", " Bars  and\tcafés "])
        found = load_case(store, bob, made.id)
        assert found == made and found.view == VIEW
        assert (found.note, found.tags, found.kept_by, found.account_id) == (note, ("cold start", "Bars and cafés"), "ada", ada.id)
        assert (found.revision, found.changed, found.changed_by) == (1, None, None) and abs(found.created - time.time()) < 60

    def test_limits_are_sentences_and_nothing_is_saved(self, store: Store, ada: Account) -> None:
        wrong: list[tuple[dict[str, Any], str]] = [
            ({"note": "n" * (LONGEST_NOTE + 1)}, "this note has 102,401 characters and a note at most 102,400"),
            ({"note": "a\0b"}, "cannot be stored"),
            ({"tags": ["t" * (LONGEST_TAG + 1)]}, "has 51 characters and a tag at most 50"),
            ({"tags": [str(at) for at in range(MOST_TAGS + 1)]}, "at most 20 tags, and these are 21"),
            ({"tags": ["a\0"]}, "cannot be stored"),
            ({"view": replace(VIEW, settings={"a": "x" * LARGEST_SETTINGS})}, "settings of this view are too large"),
            ({"view": replace(VIEW, settings={"a": float("nan")})}, "cannot be stored as JSON"),
        ]
        for values, message in wrong:
            with pytest.raises(DataError, match=message):
                keep_case(store, ada, **{"view": VIEW, **values})
        assert list_cases(store, ada).total == 0

    @pytest.mark.parametrize("letter", ["n", "🙂", "ß"])
    def test_the_longest_note_is_kept_and_found(self, store: Store, ada: Account, letter: str) -> None:
        made = keep_case(store, ada, VIEW, letter * (LONGEST_NOTE - 5) + " END.")
        assert load_case(store, ada, made.id).note == made.note and len(made.note) == LONGEST_NOTE
        assert ids(list_cases(store, ada, "end.").cases) == [made.id]

    @pytest.mark.parametrize("case_id", ["", "x", "0" * 32, "' OR 1=1 --", "a" * 10_000, "\0"])
    def test_an_unknown_case_is_one_sentence(self, store: Store, ada: Account, case_id: str) -> None:
        for act in (load_case, delete_case):
            with pytest.raises(DataError, match="there is no case"):
                act(store, ada, case_id)
        with pytest.raises(DataError, match="there is no case"):
            edit_case(store, ada, case_id, "", (), 1)

    def test_a_viewer_looks_and_keeps_nothing(self, store: Store, ada: Account) -> None:
        viewer, nobody = make_account(store, "viewer", "viewer"), make_account(store, "nobody", "none")
        made = keep_case(store, ada, VIEW, "note", ["tag"])
        assert load_case(store, viewer, made.id) == made and count_tags(store, viewer) == {"tag": 1}
        for refused in (
            lambda: keep_case(store, viewer, VIEW),
            lambda: edit_case(store, viewer, made.id, "", (), 1),
            lambda: delete_case(store, viewer, made.id),
            lambda: load_case(store, nobody, made.id),
            lambda: list_cases(store, nobody),
            lambda: count_tags(store, nobody),
        ):
            with pytest.raises(NotAllowedError):
                refused()
        assert load_case(store, ada, made.id) == made


class TestTwoPeople:
    def test_the_later_of_two_edits_is_told_who_and_when_and_sees_the_text(self, store: Store, ada: Account, bob: Account) -> None:
        made = keep_case(store, ada, VIEW, "first", ["a"])
        first = edit_case(store, bob, made.id, "of Bob", ["b"], made.revision)
        with pytest.raises(CaseChangedError, match=r"^bob changed this case on \w+, \d+ .* \(UTC\) while you were editing it") as told:
            edit_case(store, ada, made.id, "of Ada", ["c"], made.revision)
        assert told.value.current == first == load_case(store, ada, made.id)
        assert (first.note, first.tags, first.revision, first.changed_by, first.kept_by) == ("of Bob", ("b",), 2, "bob", "ada")
        again = edit_case(store, ada, made.id, "of Ada", ["c"], told.value.current.revision)
        assert (again.note, again.tags, again.revision, again.changed_by) == ("of Ada", ("c",), 3, "ada")
        assert again.view == made.view and again.created == made.created

    def test_without_a_sign_in_the_other_one_is_another_window(self, store: Store) -> None:
        local = open_local_account(store)
        made = keep_case(store, local, VIEW, "first")
        edit_case(store, local, made.id, "of one window", (), made.revision)
        with pytest.raises(CaseChangedError, match=r"^This case was changed in another window on \w+, \d+ .* \(UTC\) while"):
            edit_case(store, local, made.id, "of the other", (), made.revision)

    def test_a_refused_edit_changes_nothing(self, store: Store, ada: Account) -> None:
        made = keep_case(store, ada, VIEW, "first", ["a"])
        with pytest.raises(DataError, match="at most 102,400"):
            edit_case(store, ada, made.id, "n" * (LONGEST_NOTE + 1), (), 1)
        assert load_case(store, ada, made.id) == made

    def test_an_edited_case_is_found_by_its_new_words_alone(self, store: Store, ada: Account) -> None:
        made = keep_case(store, ada, VIEW, "apple", ["fruit"])
        edit_case(store, ada, made.id, "pear", ["tree"], 1)
        assert ids(list_cases(store, ada, "PEAR tree").cases) == [made.id]
        assert not list_cases(store, ada, "apple").cases and not list_cases(store, ada, "fruit").cases

    def test_only_the_own_are_deleted_unless_by_an_admin(self, store: Store, ada: Account, bob: Account, admin: Account) -> None:
        mine, other = keep_case(store, ada, VIEW), keep_case(store, ada, VIEW)
        with pytest.raises(NotAllowedError):
            delete_case(store, bob, mine.id)
        delete_case(store, ada, mine.id)
        delete_case(store, admin, other.id)
        assert list_cases(store, ada).total == 0
        with pytest.raises(DataError, match="there is no case"):
            edit_case(store, ada, mine.id, "", (), 1)

    def test_what_is_done_to_cases_of_others_is_in_the_audit_log(self, store: Store, ada: Account, bob: Account, admin: Account) -> None:
        made = keep_case(store, ada, VIEW)
        edit_case(store, ada, made.id, "mine", (), 1)
        assert list_actions(store, admin) == []
        edit_case(store, bob, made.id, "bob's", (), 2)
        delete_case(store, admin, made.id)
        log = [(each.account, each.action, each.subject) for each in list_actions(store, admin)]
        assert log == [("admin", "delete case", f"{made.id} of {ada.id}"), ("bob", "edit case", f"{made.id} of {ada.id}")]


class TestListing:
    def test_search_is_by_all_words_in_any_case_and_any_place(self, store: Store, ada: Account, fill: Any) -> None:
        first, second, third = fill(
            ("The ÄRGER of 100% sure_things", ["Straße"], {}),
            ("nothing", ["bar"], {"user_id": "Zoë-7", "dataset": "Foursquare"}),
            ("100x surething", [], {"checkpoint": "markov"}),
        )
        for words, found in {
            "ärger": [first], "STRASSE": [first], "100%": [first], "sure_": [first], "zoë": [second], "square BAR": [second], "square ärger": [],
            "markov": [third], "": [third, second, first], "  ": [third, second, first], "\\": [], "'": [], "q\0zz": [],
        }.items():  # fmt: skip
            assert ids(list_cases(store, ada, words).cases) == ids(found), words

    def test_tags_are_whole_and_all_of_them(self, store: Store, ada: Account, fill: Any) -> None:
        first, second, third = fill(("", ["a", "b"], {}), ("", ["b", 'quo"te', ",", "B2"], {}), ("a", ["ab", "a,b"], {"dataset": "city"}))
        for tags, found in {
            ("a",): [first], ("b",): [second, first], ("a", "b"): [first], ("ab",): [third], (",",): [second], ('quo"te',): [second], ("A",): [], ('","',): [],
        }.items():  # fmt: skip
            assert ids(list_cases(store, ada, tags=tags).cases) == ids(found), tags
        assert count_tags(store, ada) == {"b": 2, ",": 1, "a": 1, "a,b": 1, "ab": 1, "B2": 1, 'quo"te': 1}
        assert next(iter(count_tags(store, ada))) == "b"

    def test_orders(self, store: Store, ada: Account, fill: Any) -> None:
        made = fill(("", [], {"user_id": "u2"}), ("", [], {"step": 9}), ("", [], {"step": 4, "dataset": "a"}))
        edit_case(store, ada, made[0].id, "changed", (), 1)
        expected = {"newest": (2, 1, 0), "oldest": (0, 1, 2), "changed": (0, 2, 1), "user": (2, 1, 0)}
        assert set(expected) == set(keeping.ORDERS)
        for order, places in expected.items():
            assert ids(list_cases(store, ada, order=order).cases) == [made[at].id for at in places], order
        with pytest.raises(UnknownNameError):
            list_cases(store, ada, order="note; DROP TABLE cases")

    def test_pages_of_many_cases_are_quick_and_whole(self, store: Store, ada: Account) -> None:
        count = 10_000
        with store.write() as session:
            session.execute(insert(CaseRow), [
                {
                    "id": new_id(), "account_id": ada.id, "dataset": "shop", "checkpoint": "sasrec", "version": 1, "user_id": f"u{at % 100}",
                    "step": at, "page": "timeline", "note": f"note {at}", "tags": [f"t{at % 7}"], "created": float(at),
                    "search_text": join_search_text("shop", "sasrec", f"u{at % 100}", f"note {at}", [f"t{at % 7}"]),
                }
                for at in range(count)
            ])  # fmt: skip
        began = time.perf_counter()
        last = list_cases(store, ada, offset=count - 15)
        found = list_cases(store, ada, "note 99", tags=["t3"])
        counted = count_tags(store, ada)
        assert time.perf_counter() - began < 5
        assert (last.total, [each.view.step for each in last.cases]) == (count, list(range(14, -1, -1)))
        steps = [at for at in range(count) if "99" in f"{at % 100} {at}" and at % 7 == 3]
        assert (found.total, [each.view.step for each in found.cases]) == (len(steps), steps[::-1][: keeping.PAGE])
        assert counted == Counter(f"t{at % 7}" for at in range(count))


class TestErasure:
    def test_an_erased_account_takes_its_cases_and_leaves_no_name(self, store: Store, ada: Account, bob: Account, admin: Account) -> None:
        mine, others = keep_case(store, ada, VIEW, "mine"), keep_case(store, bob, VIEW, "of Bob")
        edit_case(store, ada, others.id, "of both", (), 1)
        assert erase_account(store, admin, ada.id, rehearse=True).rows["cases"] == 1
        assert load_case(store, bob, others.id).changed_by == "ada"
        erase_account(store, admin, ada.id)
        found = list_cases(store, bob).cases
        assert ids(found) == [others.id] and mine.id not in ids(found)
        assert (found[0].changed_by, found[0].revision, found[0].note) == (None, 2, "of both") and found[0].changed is not None
        with pytest.raises(CaseChangedError, match=r"^an erased account changed this case"):
            edit_case(store, bob, others.id, "", (), 1)

    def test_erasure_on_one_dataset_leaves_the_others(self, store: Store, ada: Account, bob: Account) -> None:
        made = {name: keep_case(store, bob, replace(VIEW, dataset=name)) for name in ("shop", "city")}
        own = [keep_case(store, ada, replace(VIEW, dataset=name)).id for name in ("shop", "city")]
        for each in made.values():
            edit_case(store, ada, each.id, "", (), 1)
        erase_account(store, ada, ada.id, "shop")
        assert load_case(store, bob, made["shop"].id).changed_by is None
        assert load_case(store, bob, made["city"].id).changed_by == "ada"
        assert set(ids(list_cases(store, bob).cases)) == {made["shop"].id, made["city"].id, own[1]}

    def test_an_erased_user_of_a_dataset_takes_all_cases_of_theirs(self, store: Store, ada: Account, admin: Account) -> None:
        keep_case(store, ada, VIEW)
        other = keep_case(store, ada, replace(VIEW, user_id="u2"))
        erase_user(store, admin, "shop", "u1")
        assert ids(list_cases(store, ada).cases) == [other.id]


TAG = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(tags=st.lists(TAG, max_size=6))
def test_every_kept_tag_finds_its_case(store: Store, tags: list[str]) -> None:
    person = make_account(store, "ada")
    made = keep_case(store, person, VIEW, "", tags)
    assert made.tags == clean_tags(tags) and len({tag.casefold() for tag in made.tags}) == len(made.tags)
    for tag in made.tags:
        assert made.id in ids(list_cases(store, person, tags=[tag], limit=None).cases)
    delete_case(store, person, made.id)
