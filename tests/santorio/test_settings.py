"""Settings come from the environment, say what is wrong, and keep secrets to themselves."""

from pathlib import Path

import pytest

from santorio.errors import ConfigError
from santorio.settings import Settings, load_settings

SECRET = "postgresql://me:hunter2@db/santorio"


def test_without_an_environment_everything_lies_below_one_absolute_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.home == tmp_path / ".santorio"
    assert (settings.inbox, settings.objects_path) == (settings.home / "inbox", settings.home / "objects")
    assert (settings.person, settings.api_port, settings.ui_port) == ("me", 8000, 3000)


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANTORIO_DATABASE_URL", "")
    monkeypatch.setenv("SANTORIO_API_PORT", "")
    settings = load_settings()
    assert (settings.database_url, settings.api_port) == (None, 8000)


def test_a_home_may_start_with_a_tilde(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SANTORIO_HOME", "~/mine")
    assert load_settings().home == tmp_path / "mine"


def test_the_zone_is_the_one_set_else_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", ":America/New_York")
    assert load_settings().timezone_name == "America/New_York"
    monkeypatch.setenv("SANTORIO_TIMEZONE", "Asia/Tokyo")
    assert load_settings().timezone_name == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SANTORIO_HOME", "~nobody-of-that-name/data"),
        ("SANTORIO_TIMEZONE", "Mars/Olympus"),
        ("SANTORIO_TIMEZONE", "../../etc/passwd"),
        ("SANTORIO_API_PORT", "70000"),
        ("SANTORIO_OBJECT_STORE", "https://bucket"),
        ("SANTORIO_OBJECT_STORE", "s3:///"),
        ("SANTORIO_GARMIN_URL", "http://192.168.1.2:8080"),
        ("SANTORIO_GARMIN_URL", "http://127.0.0.1.example.org"),
        ("SANTORIO_GARMIN_URL", "http://127.0.0.1:80@example.org"),
        ("SANTORIO_GARMIN_URL", "https://example.org/path"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert name in str(caught.value)
    assert value not in str(caught.value)


def test_a_password_shows_in_no_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANTORIO_DATABASE_URL", SECRET)
    settings = load_settings()
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == SECRET
    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().person = "you"  # type: ignore[misc]


def test_a_person_whose_name_leaves_the_inbox_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANTORIO_PERSON", "../else")
    with pytest.raises(ConfigError, match="SANTORIO_PERSON has a slash"):
        load_settings()
