"""The page /api/docs: the OpenAPI document to read, in one HTML file without scripts that loads nothing."""

import base64
import hashlib
import json
import re
from functools import cache
from html import escape
from typing import Any

from starlette.responses import Response

from recsys.http_api.openapi import REFERENCE, build_document

STYLE = """
:root { color-scheme: light dark; --line: light-dark(#d5d9e0, #3a4150); --soft: light-dark(#f4f6f9, #1c212b); --dim: light-dark(#566074, #a3adbf); }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 54rem; font: 16px/1.55 system-ui, sans-serif;
  color: light-dark(#1b2130, #e8ebf1); background: light-dark(#ffffff, #12161e); }
a { color: light-dark(#1a5fb4, #8ab8ff); }
h1 { margin: 0; } h2 { margin: 2.5rem 0 .25rem; padding-top: 1.25rem; border-top: 1px solid var(--line); font-size: 1.15rem; }
h3 { margin: 1.25rem 0 .4rem; font-size: 1rem; } p { margin: .4rem 0; }
code, pre { font: .9em/1.5 ui-monospace, monospace; }
pre { margin: .5rem 0; padding: .75rem 1rem; overflow-x: auto; background: var(--soft); border: 1px solid var(--line); border-radius: 8px; }
table { width: 100%; border-collapse: collapse; font-size: .92rem; }
th, td { padding: .35rem .75rem .35rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-weight: 600; } .dim { color: var(--dim); } .method { display: inline-block; min-width: 3.4rem; color: var(--dim); }
.wide { overflow-x: auto; }
"""
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

EXAMPLES = {
    "/api/recommend": '{"dataset": "demo-city", "checkpoint": "markov", "user": "p0001", "k": 5}',
    "/api/feedback": '{"impression_id": "IMPRESSION_ID", "item_id": "ITEM_ID", "action": "like"}',
    "/api/replay": "dataset=demo-city&checkpoint=markov&user=p0001&first=0&stop=5",
    "/api/explain": '{"dataset": "demo-city", "checkpoint": "markov", "user": "p0001", "step": 12}',
}


def docs_response() -> Response:
    """Return the page; its policy forbids scripts, requests and frames."""
    headers = {"content-security-policy": POLICY, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
    return Response(render_page(json.dumps(build_document())), headers=headers, media_type="text/html")


@cache
def render_page(document: str) -> str:
    """Return the page of an OpenAPI document, given as JSON; all of its text is escaped."""
    described = json.loads(document)
    schemas, info = described["components"]["schemas"], described["info"]
    operations = [(path, method, each) for path, methods in described["paths"].items() for method, each in methods.items()]
    types = "".join(_render_type(name, schema) for name, schema in schemas.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])} API</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{escape(info['title'])} API</h1><p class=dim>Version {escape(info['version'])}. {escape(info['description'])} "
        'Bodies and responses are JSON. For programs: <a href="openapi.json">openapi.json</a>.</p>'
        "<p>Where the server asks for tokens, send <code>Authorization: Bearer TOKEN</code>; an admin makes one with "
        "<code>python -m recsys tokens create NAME</code>.</p>"
        f"{''.join(_render_operation(*each) for each in operations)}"
        f'<h2 id="errors">Errors</h2>{_render_errors(operations)}<h2>Types</h2>{types}</main></body></html>'
    )


def _render_operation(path: str, method: str, operation: dict[str, Any]) -> str:
    parts = [
        f'<h2 id="{escape(operation["operationId"])}"><span class=method>{escape(method.upper())}</span> <code>{escape(path)}</code></h2>',
        f"<p>{escape(operation['summary'])}. <span class=dim>{_render_text(operation['description'])}</span></p>",
    ]
    if operation.get("parameters"):
        rows = [(each["name"], _name_type(each["schema"]), each["required"], each["description"]) for each in operation["parameters"]]
        parts.append(_render_table(rows))
    if "requestBody" in operation:
        parts.append(f"<p>Body: {_name_type(operation['requestBody']['content']['application/json']['schema'])}</p>")
    parts.append(f"<p>Response: {_name_type(operation['responses']['200']['content']['application/json']['schema'])}</p>")
    parts.append(f"<pre>{escape(_example(path, method))}</pre>")
    codes = ", ".join(code for code in operation["responses"] if code != "200")
    return "".join(parts) + f'<p class=dim><a href="#errors">Errors</a>: {escape(codes)}</p>'


def _render_errors(operations: list[tuple[str, str, dict[str, Any]]]) -> str:
    meanings = {code: each["description"] for *_address, operation in operations for code, each in operation["responses"].items()}
    rows = "".join(f"<tr><td>{escape(code)}</td><td>{escape(meanings[code])}</td></tr>" for code in sorted(meanings) if code != "200")
    return f"<div class=wide><table><tr><th>Code</th><th>Meaning</th></tr>{rows}</table></div>"


def _example(path: str, method: str) -> str:
    example, address = EXAMPLES.get(path, ""), f"http://127.0.0.1:8501{path}"
    if method == "get":
        return f"curl '{address}{'?' + example if example else ''}'"
    return f"curl {address} \\\n  -H 'Content-Type: application/json' \\\n  -d '{example}'"


def _render_type(name: str, schema: dict[str, Any]) -> str:
    required = schema.get("required", [])
    rows = [
        (field, _name_type(each), field in required, each.get("description", "")) for field, each in schema.get("properties", {}).items()
    ]
    return f'<h3 id="type-{escape(name)}">{escape(name)}</h3><p class=dim>{_render_text(schema.get("description", ""))}</p>{_render_table(rows)}'


def _render_table(rows: list[tuple[str, str, bool, str]]) -> str:
    """Return a table of names, types (HTML), whether they are required, and descriptions."""
    cells = "".join(
        f"<tr><td><code>{escape(name)}</code>{'' if required else ' <span class=dim>optional</span>'}</td>"
        f"<td>{kind}</td><td>{escape(description)}</td></tr>"
        for name, kind, required, description in rows
    )
    return f"<div class=wide><table><tr><th>Name</th><th>Type</th><th>Meaning</th></tr>{cells}</table></div>" if rows else ""


def _render_text(text: str) -> str:
    """Return a text as HTML, its names between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _name_type(schema: dict[str, Any]) -> str:
    """Return the type of a value as HTML, such as "list of ItemId" with a link to each type of the document."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REFERENCE)
        return f'<a href="#type-{escape(name)}">{escape(name)}</a>'
    if "anyOf" in schema:
        return " or ".join(_name_type(each) for each in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " or ".join(f"<code>{escape(json.dumps(each))}</code>" for each in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_name_type(schema.get('items', {}))}"
    limits = [f"{word} {schema[key]:,}" for key, word in LIMIT_WORDS.items() if key in schema]
    return escape(str(schema.get("type", "value"))) + (f" <span class=dim>{escape(', '.join(limits))}</span>" if limits else "")


LIMIT_WORDS = {"minimum": "from", "maximum": "to", "minLength": "at least", "maxLength": "at most", "maxItems": "at most"}
