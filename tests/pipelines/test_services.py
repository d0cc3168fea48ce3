"""Serving: what cannot work is refused before anything is started."""

import pytest
from rich.console import Console

from pipelines.services import serve
from santorio.errors import ConfigError
from santorio.settings import Settings


def test_one_port_for_two_services_is_refused_before_anything_starts(settings: Settings) -> None:
    same = settings.model_copy(update={"api_port": 8123, "ui_port": 8123})
    with pytest.raises(ConfigError, match="cannot both have port 8123"):
        serve(same, Console())
    assert not (settings.home / "logs").exists()
