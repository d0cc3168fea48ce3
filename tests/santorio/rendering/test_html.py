"""Pages are rendered from template files; a name that a template does not get is an error, never a blank."""

import datetime as dt

import pytest
from jinja2 import UndefinedError

from santorio.rendering.html import render_page

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def test_a_page_without_what_it_names_is_refused() -> None:
    with pytest.raises(UndefinedError, match="report"):
        render_page("report.html.jinja", generated_at=NOW)


def test_every_page_has_one_style_sheet_and_says_when_it_was_made() -> None:
    page = render_page("base.html.jinja", generated_at=NOW)
    assert page.count("<style>") == 1
    assert "@media print" in page
    assert "Santorio, 2026-06-01 12:00 UTC." in page
