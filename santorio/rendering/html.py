"""HTML pages from the templates beside this module: each is one file that fetches nothing and can be printed."""

import base64
import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


@functools.cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("santorio.rendering"),
        # Every value is escaped: texts of a page come from people's own files.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["base64"] = _base64
    return environment


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def render_page(template: str, **context: object) -> str:
    """Render a template of `santorio/rendering/templates`.

    Parameters
    ----------
    template
        File name, such as `report.html.jinja`.
    context
        Values of the template's variables; `generated_at`, an instant in UTC, is in every page's footer.
    """
    return _environment().get_template(template).render(context)
