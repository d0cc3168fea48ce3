"""The page `/docs`: Swagger UI, served from this machine.

FastAPI's own page loads its scripts from a public server, and people enter a token of health data here. The files come
with `fastapi-offline`; the page is ours because of its content security policy, which allows no other script.
"""

import base64
import hashlib
import re
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

STATIC_URL = "/docs/static"
INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)

docs_router = APIRouter(include_in_schema=False)


def static_files() -> StaticFiles:
    """Return the application that serves Swagger UI's script, style sheet and icon."""
    return StaticFiles(directory=Path(str(files("fastapi_offline") / "static")))


@docs_router.get("/docs")
def docs(request: Request) -> HTMLResponse:
    """Describe the API, with a form for each resource."""
    root = request.scope.get("root_path", "")
    page = get_swagger_ui_html(
        openapi_url=f"{root}/openapi.json",
        title=f"{request.app.title} API",
        swagger_js_url=f"{root}{STATIC_URL}/swagger-ui-bundle.js",
        swagger_css_url=f"{root}{STATIC_URL}/swagger-ui.css",
        swagger_favicon_url=f"{root}{STATIC_URL}/favicon.png",
        # Otherwise a badge asks swagger.io whether the description is valid.
        swagger_ui_parameters={"validatorUrl": None},
    )
    page.headers["Content-Security-Policy"] = _content_security_policy(bytes(page.body))
    return page


def _content_security_policy(page: bytes) -> str:
    """Allow requests to this server, its files, and the page's own inline scripts by their hashes."""
    digests = [hashlib.sha256(script).digest() for script in INLINE_SCRIPT.findall(page)]
    hashes = [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
    directives = {
        "default-src": ["'none'"],
        "script-src": ["'self'", *hashes],
        # Swagger UI sets styles on its elements and draws its icons from data URLs.
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())
