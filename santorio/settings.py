"""Settings, from the environment (`SANTORIO_…`); every one has a default that works on one machine."""

import os
import zoneinfo
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from santorio.errors import ConfigError


class Settings(BaseSettings):
    """Where things lie and how they are reached. Secrets never show in a representation."""

    model_config = SettingsConfigDict(env_prefix="SANTORIO_", frozen=True, extra="ignore")

    home: Path = Field(Path(".santorio"), description="Data folder: database, originals, inbox, logs.")
    database_url: SecretStr | None = Field(None, description="A PostgreSQL server instead of the embedded one.")
    api_database_url: SecretStr | None = Field(None, description="The same, as the role santorio_api.")
    dagster_database_url: SecretStr | None = Field(None, description="Dagster's own storage.")
    object_store: str | None = Field(None, description="s3://bucket/prefix; a folder in the home without it.")
    s3_endpoint_url: str | None = Field(None, description="An S3 endpoint other than AWS's.")
    person: str = Field("me", description="Whose data is meant where none is named.")
    timezone: str | None = Field(None, description="IANA zone of logs without an offset.")
    jwt_secret: SecretStr | None = Field(None, description="Key of the API's tokens, 32 bytes or more.")
    api_host: str = "127.0.0.1"
    api_port: int = Field(8000, ge=1, le=65535)
    ui_port: int = Field(3000, ge=1, le=65535)

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().resolve()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        if name is not None and name not in zoneinfo.available_timezones():
            raise ValueError("is not an IANA time zone such as Europe/Berlin")
        return name

    @property
    def inbox(self) -> Path:
        """Folder that a person or an app drops files into."""
        return self.home / "inbox"

    @property
    def objects_path(self) -> Path:
        """Folder of the originals, where no S3 bucket is named."""
        return self.home / "objects"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own folder."""
        return self.home / "dagster"

    @property
    def dbt_target(self) -> Path:
        """What dbt writes while it runs."""
        return self.home / "dbt"

    @property
    def timezone_name(self) -> str:
        """The zone set, else the machine's, else UTC."""
        return self.timezone or _machine_zone()


def _machine_zone() -> str:
    candidates = [os.environ.get("TZ", ""), *_zone_files()]
    known = zoneinfo.available_timezones()
    return next((name for name in candidates if name in known), "UTC")


def _zone_files() -> list[str]:
    link = Path("/etc/localtime")
    name = str(link.resolve()).partition("zoneinfo/")[2] if link.exists() else ""
    return [name]


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises
    ------
    ConfigError
        If one is wrong; its name is said, its value is not.
    """
    try:
        return Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        wrong = "; ".join(f"SANTORIO_{str(e['loc'][0]).upper()} {e['msg']}" for e in error.errors())
        raise ConfigError(f"A setting is wrong: {wrong}.", hint="See docs/operating.md for all settings.") from None
