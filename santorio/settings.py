"""Settings, from the environment (`SANTORIO_…`); every one has a default that works on one machine."""

import os
import re
import zoneinfo
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from santorio.errors import ConfigError
from santorio.people import name_problem


class Settings(BaseSettings):
    """Where things lie and how they are reached. Secrets never show in a representation."""

    model_config = SettingsConfigDict(
        env_prefix="SANTORIO_", env_ignore_empty=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    home: Path = Field(Path(".santorio"), description="Data folder: database, originals, inbox, logs.")
    database_url: SecretStr | None = Field(None, description="A server instead of the embedded PostgreSQL.")
    api_database_url: SecretStr | None = Field(None, description="The same, as the role santorio_api.")
    dagster_database_url: SecretStr | None = Field(None, description="Dagster's own storage.")
    object_store: str | None = Field(None, description="s3://bucket/prefix; a folder in the home without it.")
    s3_endpoint_url: str | None = Field(None, description="An S3 endpoint other than AWS's.")
    person: str = Field("me", description="Whose data is meant where none is named.")
    timezone: str | None = Field(None, description="IANA zone of logs without an offset.")
    jwt_secret: SecretStr | None = Field(None, description="Key of the API's tokens, 32 bytes or more.")
    master_key: SecretStr | None = Field(None, description="Key above the keys of people, 32 bytes or more.")
    previous_master_key: SecretStr | None = Field(None, description="The one before it, until it is rotated.")
    garmin_url: str | None = Field(None, description="A simulated Garmin instead of the real one.")
    garmin_requests_per_second: float = Field(1.0, gt=0, description="Pace of a person's calls to Garmin.")
    people_in_a_chunk: int = Field(50, ge=1, description="People that one step of a study analyses.")
    api_host: str = "127.0.0.1"
    api_port: int = Field(8000, ge=1, le=65535)
    ui_port: int = Field(3000, ge=1, le=65535)

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        try:
            return home.expanduser().resolve()
        except (OSError, RuntimeError):  # ~ of nobody, a loop of links
            raise ValueError("is no path that can be followed") from None

    @field_validator("person")
    @classmethod
    def _folder_name(cls, name: str) -> str:
        if problem := name_problem(name):
            raise ValueError(problem)
        return name

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        if name is not None and not _is_zone(name):
            raise ValueError("is not an IANA time zone such as Europe/Berlin")
        return name

    @field_validator("object_store")
    @classmethod
    def _bucket(cls, address: str | None) -> str | None:
        if address is not None and not (
            address.startswith("s3://") and address.removeprefix("s3://").strip("/")
        ):
            raise ValueError("is not of the form s3://bucket/prefix; without it originals lie in the home")
        return address

    @field_validator("garmin_url")
    @classmethod
    def _private(cls, url: str | None) -> str | None:
        # Passwords and tokens go there: never in the clear over a network.
        if url is None or re.fullmatch(
            r"https://[^/?#@]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?", url
        ):
            return url
        raise ValueError("is neither https://host nor http://127.0.0.1:port")

    @property
    def master_key_path(self) -> Path:
        """File of the master key, where no setting holds it."""
        return self.home / "secrets" / "master.key"

    @property
    def next_master_key_path(self) -> Path:
        """File of the master key that a rotation is changing to."""
        return self.home / "secrets" / "master.key.next"

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
    link, named = Path("/etc/localtime"), Path("/etc/timezone")
    candidates = (
        os.environ.get("TZ", "").removeprefix(":"),
        str(link.resolve()).partition("zoneinfo/")[2],
        named.read_text().strip() if named.is_file() else "",
    )
    return next((name for name in candidates if _is_zone(name)), "UTC")


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, a path, a folder of zones
        return False
    return bool(name)


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises
    ------
    ConfigError
        If one is wrong; its name is said, its value is not.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(map(_sentence, error.errors(include_input=False, include_url=False)))
        raise ConfigError(
            f"A setting is wrong: {wrong}.", hint="See docs/operating.md for all settings."
        ) from None


def _sentence(problem: ErrorDetails) -> str:
    return f"SANTORIO_{str(problem['loc'][0]).upper()} {problem['msg'].removeprefix('Value error, ')}"
