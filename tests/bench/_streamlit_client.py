"""A client of the app without a browser: it speaks the websocket of Streamlit and keeps the page as a browser would."""

import asyncio
import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

PATIENCE = 60.0
"""Seconds without a message after which an answer counts as missing."""

VALUES = {"number_input": ("value", "int_value", int), "selectbox": ("raw_value", "string_value", str)}
"""Widgets of the cursor: where the server puts their value, where the client sends it, and its type."""

CUT_SHORT = ForwardMsg.FINISHED_EARLY_FOR_RERUN
TRIGGER = "$$STREAMLIT_INTERNAL_KEY_{component}__events"
"""The widget through which a component sends its events."""


class Drawn(NamedTuple):
    """An element of the page, the run that drew it, and the fragment that it belongs to."""

    element: Element
    run: int
    fragment: str


class StreamlitClient:
    """One session, as a browser tab has it. `received` counts the bytes of all messages; `session` is the id that the server gave it."""

    def __init__(self, url: str, page: str = "", **cursor: str) -> None:
        self.url, self.page = url, page
        self.address: dict[str, str] = cursor
        self.drawn: dict[tuple[int, ...], Drawn] = {}
        self.received = 0
        self.session = ""
        self._page_hash, self._run, self._fragments = "", 0, set[str]()
        self._bound: set[str] = set()
        self._values: dict[str, WidgetState] = {}
        self._cached: dict[str, ForwardMsg] = {}
        self._socket: ClientConnection | None = None

    async def connect(self, cookies: Mapping[str, str] | None = None) -> None:
        """Open the connection."""
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())}
        address = f"ws://{urlsplit(self.url).netloc}/_stcore/stream"
        self._socket = await connect(
            address,
            subprotocols=["streamlit"],
            max_size=None,
            compression=None,
            ping_interval=None,
            additional_headers=sent if cookies else None,
        )  # type: ignore[list-item]

    async def close(self) -> None:
        """Close the connection, as closing a tab does."""
        if self._socket is not None:
            await self._socket.close()

    async def open(self) -> float:
        """Load the page, and return the seconds until it was drawn."""
        return await self.rerun()

    async def click(self, key: str) -> float:
        """Click the button with this key, and return the seconds until the answer was drawn."""
        drawn = self.find("button", key)
        return await self.rerun([WidgetState(id=drawn.element.button.id, trigger_value=True)], drawn.fragment)

    async def trigger(self, key: str, event: str, value: Mapping[str, Any]) -> float:
        """Send an event of a component, and return the seconds until the answer was drawn."""
        drawn = self.find("bidi_component", key)
        component = drawn.element.bidi_component.id
        words = json.dumps([{"event": event, "value": value}])
        states = [
            WidgetState(id=component, json_value="{}"),
            WidgetState(id=TRIGGER.format(component=component), json_trigger_value=words),
        ]
        return await self.rerun(states, drawn.fragment)

    async def rerun(self, states: list[WidgetState] | None = None, fragment: str = "") -> float:
        """Run the page, or a fragment of it, with these changes of widgets."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash, state.fragment_id = urlencode(self.address), self._page_hash, fragment
        state.page_name = "" if self._page_hash else self.page
        state.context_info.locale, state.context_info.timezone, state.context_info.url = "en-US", "UTC", f"{self.url}/{self.page}"
        state.widget_states.widgets.extend([*self._values.values(), *(states or [])])
        state.cached_message_hashes.extend(self._cached)
        assert self._socket is not None
        began = time.perf_counter()
        await self._socket.send(message.SerializeToString())
        await self._receive()
        return time.perf_counter() - began

    async def _receive(self) -> None:
        assert self._socket is not None
        while True:
            data = await asyncio.wait_for(self._socket.recv(decode=False), PATIENCE)
            self.received += len(data)
            message = ForwardMsg.FromString(data)
            kind = message.WhichOneof("type")
            if kind == "ref_hash":
                cached = self._cached[message.ref_hash]
                cached.metadata.CopyFrom(message.metadata)
                message, kind = cached, cached.WhichOneof("type")
            elif message.metadata.cacheable and message.hash:
                self._cached[message.hash] = message
            self.hear(message)
            if kind == "new_session":
                self._run, self._fragments = self._run + 1, set()
                self.session = message.new_session.initialize.session_id
            elif kind == "navigation":
                self._page_hash = message.navigation.page_script_hash
            elif kind == "page_info_changed":
                bound = {name: value for name, value in self.address.items() if name in self._bound}
                self.address = dict(parse_qsl(message.page_info_changed.query_string)) | bound
            elif kind == "delta":
                self._draw(tuple(message.metadata.delta_path), message.delta)
            elif kind == "script_finished" and message.script_finished != CUT_SHORT:
                self._remove_stale(message.script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
                return

    def hear(self, message: ForwardMsg) -> None:
        """Look at a message before the page changes."""

    def _draw(self, path: tuple[int, ...], delta: Delta) -> None:
        self._fragments.add(delta.fragment_id)
        if delta.WhichOneof("type") == "new_element":
            self.drawn[path] = Drawn(delta.new_element, self._run, delta.fragment_id)
            self._take_value(delta.new_element)
        elif delta.WhichOneof("type") == "add_block":
            self.drawn.pop(path, None)

    def _take_value(self, element: Element) -> None:
        """Keep the value that the server gave a widget: it is sent back with every message, and stands in the address if it is bound."""
        kind = element.WhichOneof("type")
        if kind not in VALUES:
            return
        widget, (name, field, convert) = getattr(element, kind), VALUES[kind]
        if widget.set_value:
            value = convert(getattr(widget, name))
            self._values[widget.id] = WidgetState(id=widget.id, **{field: value})
            if widget.query_param_key:
                self.address[widget.query_param_key] = str(value)
                self._bound.add(widget.query_param_key)

    def _remove_stale(self, is_fragment: bool) -> None:
        """Remove what the latest run did not draw again: of the whole page, or of the fragments that ran."""
        self.drawn = {
            path: each
            for path, each in self.drawn.items()
            if each.run == self._run or (is_fragment and each.fragment not in self._fragments)
        }

    def find(self, kind: str, key: str) -> Drawn:
        """Return the widget with this key."""
        for each in self.drawn.values():
            if each.element.WhichOneof("type") == kind and getattr(each.element, kind).id.endswith(f"-{key}"):
                return each
        raise LookupError(f"there is no {kind} with the key {key}")

    def component_data(self, key: str) -> dict[str, Any]:
        """Return what the server told a component."""
        return dict(json.loads(self.find("bidi_component", key).element.bidi_component.json))

    def texts(self) -> Iterator[str]:
        """Yield every text of the page: HTML, Markdown, headings, captions, messages."""
        for each in self.drawn.values():
            kind = each.element.WhichOneof("type")
            if kind in ("html", "markdown", "heading", "alert"):
                yield str(getattr(each.element, kind).body)

    def buttons(self) -> Iterator[tuple[str, str]]:
        """Yield the ids and labels of all buttons; an id ends with the key."""
        for each in self.drawn.values():
            if each.element.WhichOneof("type") == "button":
                yield each.element.button.id, each.element.button.label

    def failures(self) -> list[str]:
        """Return the exceptions and error messages that the page shows."""
        elements = [each.element for each in self.drawn.values()]
        raised = [each.exception.message for each in elements if each.WhichOneof("type") == "exception"]
        return raised + [
            each.alert.body for each in elements if each.WhichOneof("type") == "alert" and each.alert.format == each.alert.ERROR
        ]

    def steps_shown(self) -> set[int]:
        """Return the steps of all parts of the page that change with the step."""
        return {int(step) for text in self.texts() for step in re.findall(r'data-step="(\d+)"', text)}
