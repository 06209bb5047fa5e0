"""The list of cases: searched, paged, edited by two people, and nothing in it is markup."""

import re
from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from pages.shell.open_case import PAGES
from recsys.cases.case import Case
from recsys.cases.keeping import edit_case
from recsys.core import Dataset
from recsys.database.engine import open_store
from tests.feedback.shown_lists import make_account
from tests.pages.conftest import told
from tests.pages.test_cases import CASES, keep_view, stored


class TestList:
    def test_search_tags_order_and_pages(self, open_page: Callable[..., AppTest]) -> None:
        for at in range(45):
            keep_view(note=f"note {at:02}", tags=("even" if at % 2 == 0 else "odd",), user_id=f"u{at:02}")
        app = open_page(CASES)
        assert "1 to 20 of 45 cases" in told(app) and notes(app) == [f"note {at:02}" for at in range(44, 24, -1)]
        app.button(key="cases_after").click().run()
        app.button(key="cases_after").click().run()
        assert "41 to 45 of 45 cases" in told(app) and notes(app) == [f"note {at:02}" for at in range(4, -1, -1)]
        assert app.button(key="cases_after").disabled
        app.multiselect(key="cases_tags").set_value(["odd"]).run()
        assert "1 to 20 of 22 cases" in told(app) and notes(app)[0] == "note 43"
        app.selectbox(key="cases_order").set_value("oldest").run()
        assert notes(app)[0] == "note 01"
        app.text_input(key="cases_search").set_value("U07").run()
        assert notes(app) == ["note 07"] and "1 case" in told(app)
        app.text_input(key="cases_search").set_value("nothing like it").run()
        assert "No case has all of these words" in told(app)

    def test_an_empty_list_says_how_to_keep_one(self, open_page: Callable[..., AppTest]) -> None:
        assert "press “Keep this case”" in told(open_page(CASES))

    def test_the_last_case_of_the_last_page_is_deleted(self, open_page: Callable[..., AppTest]) -> None:
        made = [keep_view(note=f"note {at}", tags=("t",) if at == 0 else ()) for at in range(21)]
        app = open_page(CASES)
        app.multiselect(key="cases_tags").set_value(["t"]).run()
        app.multiselect(key="cases_tags").set_value([]).run()
        app.button(key="cases_after").click().run()
        delete(app, made[0])
        assert len(stored()) == 20 and len(notes(app)) == 20 and not app.exception

    def test_nothing_in_a_case_is_markup(self, odd: Dataset, keep: Callable[..., Dataset], open_page: Callable[..., AppTest]) -> None:
        keep(odd)
        nasty = "<script>alert(1)</script>"
        keep_view(note=f"{nasty} ![x](https://elsewhere.test/a.png)", tags=(nasty, "![x](https://elsewhere.test/a.png)"), dataset="odd", user_id="<b>one</b>", page="timeline", checkpoint="<i>m</i>")  # fmt: skip
        keep_view(note=nasty, dataset=nasty, user_id=nasty, page="<b>", checkpoint=nasty)
        app = open_page(CASES)
        html = "".join(str(each.proto.body) for each in app.get("html"))
        assert not app.exception and "<script" not in html and "<b>one" not in html and "<i>m" not in html and "<img" not in html
        assert not any("](http" in each.value for each in [*app.caption, *app.warning, *app.markdown])

    def test_a_long_note_is_cut_in_the_list_and_whole_alone(self, open_page: Callable[..., AppTest]) -> None:
        case = keep_view(note="word " * 20_000 + "**END**")
        app = open_page(CASES)
        assert "<strong>END" not in told(app) and len(told(app)) < 60_000
        app.button(key=f"whole_{case.id}").click().run()
        assert "<strong>END" in told(app)


def notes(app: AppTest) -> list[str]:
    found = (re.search(r'rs-markdown"><p>(.*?)</p>', str(each.proto.body)) for each in app.get("html"))
    return [each.group(1) for each in found if each]


def delete(app: AppTest, case: Case) -> None:
    app.session_state[f"delete_{case.id}"] = True  # opens the popover
    app.run()
    app.button(key=f"delete_now_{case.id}").click().run()


class TestEditing:
    def test_a_case_is_edited(self, open_page: Callable[..., AppTest]) -> None:
        case = keep_view(note="before", tags=("a",))
        app = open_page(CASES)
        edit(app, case, "**after** 🙂", "a", "new one")
        changed = stored()[0]
        assert (changed.note, changed.tags, changed.revision) == ("**after** 🙂", ("a", "new one"), 2) and "<strong>after" in told(app)

    def test_the_later_of_two_sessions_is_told_and_sees_the_other_text(self, open_page: Callable[..., AppTest]) -> None:
        case = keep_view(note="first")
        one, two = open_page(CASES), open_page(CASES)
        for app in (one, two):
            app.button(key=f"edit_{case.id}").click().run()
        two.text_area(key=f"note_{case.id}").set_value("of *two*")
        two.button(key=f"save_{case.id}").click().run()
        one.text_area(key=f"note_{case.id}").set_value("of *one*")
        one.button(key=f"save_{case.id}").click().run()
        text = told(one)
        assert "changed this case on" in text and "of <em>two</em>" in text and one.text_area(key=f"note_{case.id}").value == "of *one*"
        assert stored()[0].note == "of *two*"
        one.button(key=f"save_{case.id}").click().run()  # now "Replace it with mine"
        assert (stored()[0].note, stored()[0].revision) == ("of *one*", 3) and not one.error

    def test_the_text_of_the_other_can_be_taken(self, open_page: Callable[..., AppTest]) -> None:
        case = keep_view(note="first")
        app = open_page(CASES)
        app.button(key=f"edit_{case.id}").click().run()
        store = open_store()
        edit_case(store, make_account(store, "Bob *B*"), case.id, "of Bob", ("b",), 1)
        app.button(key=f"save_{case.id}").click().run()
        assert "Bob \\*B\\* changed this case" in told(app)
        app.button(key=f"theirs_{case.id}").click().run()
        assert app.text_area(key=f"note_{case.id}").value == "of Bob" and not app.error
        app.text_area(key=f"note_{case.id}").set_value("of both")
        app.button(key=f"save_{case.id}").click().run()
        assert (stored()[0].note, stored()[0].tags, stored()[0].revision) == ("of both", ("b",), 3)

    def test_a_note_that_is_too_long_stays_in_the_form(self, open_page: Callable[..., AppTest]) -> None:
        case = keep_view(note="first")
        app = open_page(CASES)
        edit(app, case, "n" * 102_401)
        assert "this note has 102,401 characters" in told(app) and len(str(app.text_area(key=f"note_{case.id}").value)) == 102_401
        assert stored()[0].note == "first"

    def test_leaving_the_page_with_the_form_open_loses_nothing(self, open_page: Callable[..., AppTest]) -> None:
        case = keep_view(note="first")
        app = open_page(CASES)
        app.button(key=f"edit_{case.id}").click().run()
        app.switch_page(PAGES["drift"]).run()
        app.switch_page(CASES).run()
        app.button(key=f"save_{case.id}").click().run()
        assert stored()[0].note == "first"


def edit(app: AppTest, case: Case, note: str, *tags: str) -> None:
    app.button(key=f"edit_{case.id}").click().run()
    app.text_area(key=f"note_{case.id}").set_value(note)
    app.multiselect(key=f"tags_{case.id}").set_value(list(tags))
    app.button(key=f"save_{case.id}").click().run()
    assert not app.exception
