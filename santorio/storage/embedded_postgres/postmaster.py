"""What a data folder says about the server that has it open, and where that server's socket lies."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from santorio.errors import NotWritable
from santorio.storage.embedded_postgres import os_user
from santorio.storage.embedded_postgres.os_user import Account

SOCKET_NAME = ".s.PGSQL.5432"
MAX_SOCKET_PATH = 100
"""Bytes; the kernel's limit is 107 on Linux and 103 on macOS."""


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The server that wrote `postmaster.pid`: maybe running, maybe long gone."""

    pid: int
    socket_folder: Path
    namespace: str

    def is_alive(self, data: Path) -> bool:
        """Tell whether that process is a PostgreSQL server on this data folder."""
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE or not process.name().startswith("postgres"):
                return False
            return _works_in(process, data)
        except psutil.NoSuchProcess:
            return False

    def pid_was_reused(self, data: Path) -> bool:
        """Tell whether the process id now belongs to something that is not this server."""
        return psutil.pid_exists(self.pid) and not self.is_alive(data)

    def is_foreign(self) -> bool:
        """Tell whether it was started where process ids are others: in another container or machine."""
        return bool(self.namespace) and self.namespace != _namespace()

    def answers(self) -> bool:
        """Tell whether a connection succeeds."""
        if not (self.socket_folder / SOCKET_NAME).exists():
            return False
        url = f"postgresql://postgres@/postgres?host={quote(str(self.socket_folder), safe='')}"
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def wait_until_ready(self, data: Path, seconds: float) -> bool:
        """Wait while the server starts or recovers; False when it dies or the time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.is_alive(data):
            if self.answers():
                return True
            time.sleep(0.1)
        return False


def _works_in(process: psutil.Process, data: Path) -> bool:
    """Tell by its working directory, the data folder; where we may not look, trust its name."""
    try:
        return Path(process.cwd()) == data
    except psutil.AccessDenied:
        return True


def read(data: Path) -> Postmaster | None:
    """Return what `postmaster.pid` says, or None when there is none or it is not complete."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        mark = data / "santorio.namespace"
        namespace = mark.read_text().strip() if mark.exists() else ""
    except FileNotFoundError:
        return None
    if not lines or not lines[0].strip().isdigit():
        return None
    socket_folder = lines[4].strip() if len(lines) > 4 else ""
    return Postmaster(int(lines[0]), Path(socket_folder or data), namespace)


def _namespace() -> str:
    """Name the set of process ids that this process lives in, across reboots and containers."""
    files = (Path("/proc/sys/kernel/random/boot_id"), Path("/etc/hostname"))
    parts = [path.read_text().strip() if path.exists() else "" for path in files]
    link = Path("/proc/self/ns/pid")
    parts.append(str(link.readlink()) if link.is_symlink() else "")
    return " ".join(parts)


def mark_namespace(data: Path, account: Account | None) -> None:
    """Write down where the server's process id is valid."""
    mark = data / "santorio.namespace"
    mark.write_text(_namespace() + "\n")
    os_user.chown_to(account, mark)


def choose_socket_folder(data: Path, account: Account | None) -> Path:
    """Return a folder for the socket that only the server's account can enter.

    That is the data folder, or one of our own among the temporary files where the data folder's path is too
    long for a socket.
    """
    if len(os.fsencode(data / SOCKET_NAME)) <= MAX_SOCKET_PATH:
        return data
    owner = os.geteuid() if account is None else account.uid
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    for base in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - ownership is verified below
        folder = base / f"santorio-{owner}-{name}"
        if len(os.fsencode(folder / SOCKET_NAME)) > MAX_SOCKET_PATH:
            continue
        if not folder.exists():
            folder.mkdir(mode=0o700)
            os_user.chown_to(account, folder)
        os_user.grant_traverse(account, folder)
        status = folder.lstat()
        # The folder of temporary files is everyone's: somebody may have made this one first, or such a link.
        if folder.is_symlink() or status.st_uid != owner or status.st_mode & 0o077:
            raise NotWritable(
                f"{folder}, where the database's socket would go, belongs to someone else.",
                hint="Remove it, or set SANTORIO_HOME to a shorter path.",
            )
        return folder
    raise NotWritable(
        f"The path {data} is too long for a socket.", hint="Set SANTORIO_HOME to a shorter path."
    )
