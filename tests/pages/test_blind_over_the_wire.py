"""A blind comparison over the websocket: every byte before the pick, and clicks sent again after it."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select
from streamlit.proto.Common_pb2 import StringArray
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from recsys.database.engine import Store
from recsys.database.schema import ComparisonRow
from tests.bench._streamlit_client import StreamlitClient
from tests.browser.live import serving

NAMES = ("association", "knn")
"""Parts of the names and titles of the two models."""


class Listener(StreamlitClient):
    """A client that keeps every message, but for the sidebar's list of all models, which is the same in every session."""

    def __init__(self, *arguments: str, **cursor: str) -> None:
        super().__init__(*arguments, **cursor)
        self.heard: list[str] = []

    def hear(self, message: ForwardMsg) -> None:
        if not message.delta.new_element.selectbox.id.endswith("-model"):
            self.heard.append(str(message).lower())


def read_comparison(home: Path) -> ComparisonRow:
    with Store(f"sqlite:///{home / 'recscope.db'}").read() as session:
        return session.scalars(select(ComparisonRow)).one()


async def pick_and_send_again(url: str, home: Path) -> tuple[list[str], ComparisonRow, ComparisonRow, str]:
    client = Listener(url, "compare", dataset="demo-city", model="markov", user="p0002", step="30")
    await client.connect()
    await client.open()
    view = client.find("button_group", "compare_view").element.button_group.id
    await client.rerun([WidgetState(id=view, string_array_value=StringArray(data=["Blind"]))])
    models = client.find("multiselect", "blind_models_demo-city").element.multiselect
    chosen = [option for option in models.options if option in ("Association model", "Item-kNN")]
    await client.rerun([WidgetState(id=models.id, string_array_value=StringArray(data=chosen))])
    client.heard.clear()
    await client.click("blind_start")
    before = list(client.heard)
    sides = {side: client.find("button", f"blind_{side}").element.button.id for side in ("left", "right", "tie")}
    await client.click("blind_left")
    picked, text = read_comparison(home), "\n".join(client.texts())
    for widget in sides.values():
        await client.rerun([WidgetState(id=widget, trigger_value=True)])
    await client.rerun([WidgetState(id=widget, trigger_value=True) for widget in sides.values()])
    await client.close()
    return before, picked, read_comparison(home), text


@pytest.mark.timeout(300)
def test_no_byte_before_the_pick_names_a_model_and_no_click_after_it_counts(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(home) as server:
        before, picked, later, text = asyncio.run(pick_and_send_again(server.url, home))
    assert any("rs-blind-card" in message for message in before)
    assert not [name for name in NAMES for message in before if name in message]
    assert picked.pick == picked.shown["sides"][0] and {picked.first, picked.second} == {"association", "item-knn"}
    assert "You preferred" in text and "Item-kNN" in text and "Association" in text
    assert (later.pick, later.picked, later.shown) == (picked.pick, picked.picked, picked.shown)
