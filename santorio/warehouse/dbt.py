"""dbt as a program: where its project lies, how it reaches the database, and its manifest.

The SQL itself is in `dbt_project/`; `santorio.warehouse.build` decides which rows a build remakes.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from santorio.code_version import code_version
from santorio.errors import StorageError
from santorio.storage.database.engine import Database

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
# Beside this interpreter: PATH may lead to another.
DBT = Path(sys.executable).parent / "dbt"
_SOURCES = (".sql", ".yml", ".yaml", ".csv", ".md")
_UNBUILT = {"target", "logs", "dbt_packages"}


def dbt_variables(url: str) -> dict[str, str]:
    """Environment variables that `dbt_project/profiles.yml` reads, from a libpq URL."""
    parts = conninfo_to_dict(url)
    return {
        "SANTORIO_DBT_HOST": str(parts.get("host") or "localhost"),
        "SANTORIO_DBT_PORT": str(parts.get("port") or 5432),
        "SANTORIO_DBT_USER": str(parts.get("user") or "postgres"),
        "SANTORIO_DBT_PASSWORD": str(parts.get("password") or ""),
        "SANTORIO_DBT_DBNAME": str(parts.get("dbname") or "santorio"),
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_ENV_CUSTOM_ENV_SANTORIO_CODE_VERSION": code_version(),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


@contextmanager
def dbt_environment(database: Database, more: Mapping[str, str] | None = None) -> Iterator[None]:
    """Let dbt find the database for as long as the context lasts; `more` are further variables."""
    before = dict(os.environ)
    os.environ.update({**dbt_variables(database.url), **(more or {})})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def ensure_manifest(project: Path = PROJECT, variables: Mapping[str, str] | None = None) -> Path:
    """Parse the dbt project where its manifest is missing or older than its files.

    Parameters
    ----------
    project
        The dbt project.
    variables
        From `dbt_variables`, of the database that it is parsed for; by default from the environment.

    Returns
    -------
    Path
        `target/manifest.json` inside the project.

    Raises
    ------
    StorageError
        If dbt cannot parse the project; dbt's own message is part of it.
    """
    manifest, stamp = project / "target" / "manifest.json", project / "target" / "manifest.sha256"
    fingerprint = project_fingerprint(project)
    if _is_current(manifest, stamp, fingerprint):
        return manifest
    manifest.parent.mkdir(exist_ok=True)
    with (manifest.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_current(manifest, stamp, fingerprint):  # another process may have parsed meanwhile
            # For the database that this process uses, where the environment names it: for another one dbt would
            # parse everything again.
            defaults = dbt_variables("postgresql://postgres@localhost/santorio")
            environment = {key: value for key, value in os.environ.items() if key.startswith("SANTORIO_DBT_")}
            _parse(project, {**defaults, **environment, **(variables or {})})
            stamp.write_text(fingerprint)
    return manifest


def start_parsing(database: Database, project: Path = PROJECT) -> threading.Thread:
    """Parse the dbt project in a thread if its manifest is not current; a caller that needs it waits for the rest."""

    def parse() -> None:
        # The caller that needs the manifest tries again, and reports the error.
        with suppress(StorageError, OSError):
            ensure_manifest(project, dbt_variables(database.url))

    thread = threading.Thread(target=parse, name="parsing")
    thread.start()
    return thread


def project_fingerprint(project: Path = PROJECT) -> str:
    """Hash the names and contents of the project's own files, without those that dbt writes."""
    digest = hashlib.sha256()
    for path in sorted(project.rglob("*")):
        relative = path.relative_to(project)
        if path.suffix in _SOURCES and relative.parts[0] not in _UNBUILT:
            digest.update(str(relative).encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _is_current(manifest: Path, stamp: Path, fingerprint: str) -> bool:
    return manifest.exists() and stamp.exists() and stamp.read_text() == fingerprint


def _parse(project: Path, variables: Mapping[str, str]) -> None:
    command = [str(DBT), "parse", "--quiet", "--project-dir", str(project)]
    done = subprocess.run(
        [*command, "--target-path", str(project / "target"), "--log-path", str(project / "logs")],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StorageError(
            f"dbt cannot parse its project: {(done.stdout + done.stderr).strip()}",
            hint="If you changed a file below dbt_project/, look there; otherwise get a fresh copy.",
        )
