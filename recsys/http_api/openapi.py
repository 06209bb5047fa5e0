"""The OpenAPI 3.1 document of the API, made from its endpoints and the types of their bodies and responses."""

import json
from functools import cache
from typing import Any

from pydantic.json_schema import JsonSchemaMode, models_json_schema

import recsys
from recsys.http_api.endpoints import ENDPOINTS, Endpoint
from recsys.http_api.errors import MEANINGS
from recsys.http_api.schemas import ErrorResponse, HealthResponse, Message

REFERENCE = "#/components/schemas/"
ALWAYS = (401, 403, 404, 409, 422, 429, 500, 503)
WITH_BODY = (400, 408, 413, 415)


@cache
def openapi_json() -> str:
    """Return the document as JSON."""
    return json.dumps(build_document(), ensure_ascii=False)


@cache
def build_document() -> dict[str, Any]:
    """Return the document."""
    given: list[tuple[type[Message], JsonSchemaMode]] = [(each.given, "validation") for each in ENDPOINTS]
    responses: list[tuple[type[Message], JsonSchemaMode]] = [(each.response, "serialization") for each in ENDPOINTS]
    responses += [(HealthResponse, "serialization"), (ErrorResponse, "serialization")]
    _names, definitions = models_json_schema([*given, *responses], ref_template=REFERENCE + "{model}")
    schemas = definitions["$defs"]
    paths: dict[str, Any] = {"/api/health": {"get": _describe_health()}}
    for each in ENDPOINTS:
        paths["/api" + each.path] = {each.method.lower(): _describe(each, schemas)}
    used = [each.given.__name__ for each in ENDPOINTS if each.method == "GET"]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Recscope", "version": recsys.__version__, "description": "Recommendations, feedback, replays and explanations."},
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in schemas.items() if name not in used},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token that an admin made; none where the API is open."}
            },
        },
    }


def _describe(endpoint: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    has_body = endpoint.method == "POST"
    described: dict[str, Any] = {
        "operationId": endpoint.path[1:],
        "summary": endpoint.summary,
        "description": endpoint.given.__doc__,
        "security": [{"token": []}, {}],
        "responses": _describe_responses(endpoint.response.__name__, ALWAYS + (WITH_BODY if has_body else ())),
    }
    if has_body:
        described["requestBody"] = {"required": True, "content": _in_json(endpoint.given.__name__)}
    else:
        described["parameters"] = _describe_query(schemas[endpoint.given.__name__])
    return described


def _describe_health() -> dict[str, Any]:
    return {
        "operationId": "health",
        "summary": "The state of the server",
        "description": "Answers without a token, and where the API is off.",
        "security": [],
        "responses": _describe_responses(HealthResponse.__name__, (429, 500)),
    }


def _describe_query(schema: dict[str, Any]) -> list[dict[str, Any]]:
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": each.get("description", ""),
            "schema": _without_null(each),
        }
        for name, each in schema.get("properties", {}).items()
    ]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a value of a query, which is left out where a body would have null."""
    kept = {key: value for key, value in schema.items() if key not in ("anyOf", "default", "title", "description")}
    for each in schema.get("anyOf", ()):
        if each.get("type") != "null":
            kept |= each
    return kept


def _describe_responses(response: str, errors: tuple[int, ...]) -> dict[str, Any]:
    found = {"200": {"description": "The result.", "content": _in_json(response)}}
    for code in sorted(errors):
        found[str(code)] = {"description": MEANINGS[code], "content": _in_json(ErrorResponse.__name__)}
    return found


def _in_json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": REFERENCE + name}}}
