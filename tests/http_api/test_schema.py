"""Requests made from the OpenAPI document by Schemathesis: no answer is a bug, and every one is as the document says."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from recsys.http_api import rate_limit
from recsys.http_api.openapi import build_document
from recsys.http_api.rate_limit import Limit
from tests.http_api.conftest import LOCAL, Api

schemathesis.checks.load_all_checks()
CHECKED = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
]
BUDGET = settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def token(api: Api, make_token: Callable[..., str]) -> str:
    api.access = "tokens"
    return make_token()


@pytest.fixture
def service(api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    without = dict.fromkeys(rate_limit.LIMITS, Limit(1e9, 1e9))
    monkeypatch.setattr(rate_limit, "LIMITS", without)
    return api


@pytest.fixture
def document(service: Api) -> Any:
    """The document as it is: nearly every name in a request is unknown."""
    return _load(build_document(), service)


@pytest.fixture
def known_names(service: Api, token: str) -> Any:
    """The document with the names that there are, so that most requests reach the models and the store."""
    asked = {"dataset": "tiny", "checkpoint": "markov", "user": "u01", "record": True}
    shown = [service.client(token).post("/api/recommend", json=asked).json() for _ in range(2)]
    names = {
        "dataset": ["tiny"],
        "checkpoint": ["markov", "sasrec"],
        "user": ["u00", "u01", "u02"],
        "item_id": ["i00", "i01", "i14"],
        "impression_id": [each["impression_id"] for each in shown],
    }
    described = json.loads(json.dumps(build_document()))
    for schema in [each for name, each in described["components"]["schemas"].items() if name.endswith(("Body", "Event"))]:
        for name in names.keys() & schema["properties"].keys():
            schema["properties"][name] = {"type": "string", "enum": names[name]}
    for each in described["paths"]["/api/replay"]["get"]["parameters"]:
        if each["name"] in names:
            each["schema"] = {"type": "string", "enum": names[each["name"]]}
    return _load(described, service)


def _load(described: dict[str, Any], service: Api) -> Any:
    schema = schemathesis.openapi.from_dict(described)
    schema.app = service.application
    schema.config.update(base_url=LOCAL)
    return schema


def _check(schema: Any, token: str, method: str, address: str, mode: GenerationMode) -> set[int]:
    """The status codes of the answers to requests made from the document."""
    seen = set()

    @BUDGET
    @given(case=schema[address][method].as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        headers = {"authorization": f"Bearer {token}"}
        seen.add(case.call_and_validate(headers=headers, checks=CHECKS.get_by_names(CHECKED)).status_code)

    check()
    return seen


OPERATIONS = [(method, address) for address, methods in build_document()["paths"].items() for method in methods]
WITH_VALUES = [each for each in OPERATIONS if each[1] not in ("/api/health", "/api/models")]


@pytest.mark.parametrize(("method", "address"), OPERATIONS)
def test_any_request_is_answered_as_documented(document: Any, token: str, method: str, address: str) -> None:
    _check(document, token, method, address, GenerationMode.POSITIVE)


@pytest.mark.parametrize(("method", "address"), WITH_VALUES)
def test_a_request_that_breaks_the_document_is_refused(document: Any, token: str, method: str, address: str) -> None:
    assert max(_check(document, token, method, address, GenerationMode.NEGATIVE)) < 500


@pytest.mark.parametrize(("method", "address"), OPERATIONS)
def test_requests_with_known_names_are_answered_as_documented(known_names: Any, token: str, method: str, address: str) -> None:
    assert 200 in _check(known_names, token, method, address, GenerationMode.POSITIVE)
