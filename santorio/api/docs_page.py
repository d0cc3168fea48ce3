"""The page /docs: the addresses, parameters and fields in words, from the OpenAPI description. No script."""

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
body { background: #fff; color: #222 }
code, pre { font: 0.9em ui-monospace, monospace; background: #f2f2ee; padding: 0.1em 0.3em }
table { border-collapse: collapse; width: 100% }
td { border-top: 1px solid #ddd; padding: 0.3rem 0.6rem 0.3rem 0 }
td { vertical-align: top } h2 { margin-top: 2.5rem } summary { cursor: pointer }
@media (prefers-color-scheme: dark) {
  body { background: #181818; color: #ddd } code, pre { background: #2a2a28 }
  td { border-color: #444 } a { color: #9cf }
}
"""
_CODE = re.compile("`([^`]+)`")
NOTHING_FOREIGN = "default-src 'none'; style-src 'unsafe-inline'"


@router.get("/docs")
def documentation(request: Request) -> HTMLResponse:
    """Describe the API to a person."""
    return HTMLResponse(page(request.app.openapi()), headers={"Content-Security-Policy": NOTHING_FOREIGN})


def page(openapi: Mapping[str, Any]) -> str:
    """Write the OpenAPI description as HTML."""
    sections = "".join(
        section
        for path, operations in openapi["paths"].items()
        for section in _operation(path, operations["get"], openapi["components"]["schemas"])
    )
    info = openapi["info"]
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(info['title'])} API</title>"
        f"<meta name=viewport content='width=device-width'><style>{STYLE}</style>"
        f"<h1>{escape(info['title'])} API</h1><p>{escape(info['description'])}"
        "<p>Every address below <code>/v1</code> needs a token:"
        "<pre>curl -H \"Authorization: Bearer $(santorio token)\" 'http://127.0.0.1:8000/v1/days?limit=7&amp;order=desc'"
        "</pre><p>For programs: <a href=/openapi.json>openapi.json</a>."
        f"{sections}</html>"
    )


def _operation(path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2><code>GET {escape(path)}</code></h2><p>{_words(operation)}"
    if parameters := operation.get("parameters"):
        rows = ((part["name"], _words(part), part["schema"].get("default")) for part in parameters)
        yield "<table>" + "".join(_row(name, text, default) for name, text, default in rows) + "</table>"
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    answer = schemas[_name(schema)]
    data = answer["properties"].get("data")
    if data is not None:
        row = schemas[_name(data.get("items", data))]
        fields = "".join(_row(name, _words(field), None) for name, field in row["properties"].items())
        yield f"<details><summary>Fields of a row</summary><table>{fields}</table></details>"


def _row(name: str, text: str, default: object) -> str:
    usual = "" if default is None else f" Default: {escape(str(default))}."
    return f"<tr><td><code>{escape(name)}</code><td>{text}{usual}"


def _words(part: Mapping[str, Any]) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(str(part.get("description", ""))))


def _name(reference: Mapping[str, str]) -> str:
    return reference["$ref"].rsplit("/", 1)[-1]
