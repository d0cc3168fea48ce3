"""The server that has a data folder open, as the folder's files describe it, and the folder of its socket."""

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
    """The server that wrote `postmaster.pid`; it may be running, or have ended long ago."""

    pid: int
    socket_folder: Path
    namespace: str

    def is_alive(self, data: Path) -> bool:
        """Whether that process is a PostgreSQL server on this data folder."""
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE or not process.name().startswith("postgres"):
                return False
            return _works_in(process, data)
        except psutil.NoSuchProcess:
            return False

    def pid_was_reused(self, data: Path) -> bool:
        """Whether the process id now belongs to a process that is not this server."""
        return psutil.pid_exists(self.pid) and not self.is_alive(data)

    def is_foreign(self) -> bool:
        """Whether it was started in another container or on another machine, where process ids differ."""
        return bool(self.namespace) and self.namespace != _namespace()

    def answers(self) -> bool:
        """Whether a connection succeeds."""
        if not (self.socket_folder / SOCKET_NAME).exists():
            return False
        url = f"postgresql://postgres@/postgres?host={quote(str(self.socket_folder), safe='')}"
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def wait_until_ready(self, data: Path, seconds: float) -> bool:
        """Wait while the server starts or recovers; False if it ends or the time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.is_alive(data):
            if self.answers():
                return True
            time.sleep(0.1)
        return False


def _works_in(process: psutil.Process, data: Path) -> bool:
    """Whether a process works in the data folder, as a PostgreSQL server does."""
    try:
        return Path(process.cwd()) == data
    except psutil.AccessDenied:
        # The directory of another account's process is hidden: its name has to do.
        return True


def read(data: Path) -> Postmaster | None:
    """Parse `postmaster.pid`; None if there is none, or it is not complete."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        namespace = _text_of(data / "santorio.namespace")
    except FileNotFoundError:
        return None
    if not lines or not lines[0].strip().isdigit():
        return None
    socket_folder = data
    # The first line is the process id, the fifth the folder of the socket.
    if len(lines) > 4 and lines[4].strip():
        socket_folder = Path(lines[4].strip())
    return Postmaster(int(lines[0]), socket_folder, namespace)


def _text_of(path: Path) -> str:
    """Return the text of a file; empty if there is no such file."""
    return path.read_text().strip() if path.exists() else ""


def _namespace() -> str:
    """Identify the set of process ids that this process is in; each boot, machine and container has its own."""
    link = Path("/proc/self/ns/pid")
    process_ids = str(link.readlink()) if link.is_symlink() else ""
    boot, host = _text_of(Path("/proc/sys/kernel/random/boot_id")), _text_of(Path("/etc/hostname"))
    return f"{boot} {host} {process_ids}"


def mark_namespace(data: Path, account: Account | None) -> None:
    """Record in which namespace the server's process id is valid."""
    mark = data / "santorio.namespace"
    mark.write_text(_namespace() + "\n")
    os_user.chown_to(account, mark)


def choose_socket_folder(data: Path, account: Account | None) -> Path:
    """Return a folder for the socket that only the server's account can enter.

    That is the data folder, or a folder of our own in the temporary directory if the data folder's path is too long
    for a socket.
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
        # All users can write to the temporary directory: another one may have created this folder, or a link.
        if folder.is_symlink() or status.st_uid != owner or status.st_mode & 0o077:
            raise NotWritable(
                f"{folder}, where the database's socket would go, belongs to someone else.",
                hint="Remove it, or set SANTORIO_HOME to a shorter path.",
            )
        return folder
    raise NotWritable(
        f"The path {data} is too long for a socket.", hint="Set SANTORIO_HOME to a shorter path."
    )
