"""The embedded server: PostgreSQL from a wheel, started and stopped by Santorio, in a folder of the data directory.

It listens on a Unix socket in a folder that only its own account can enter, never on TCP. Every process that uses it
holds a shared lock on the file `postgres.holders` next to that folder; the last one to leave stops the server. The
kernel releases the lock of a process that was killed, so there is no list of process ids that could become outdated.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from santorio.errors import (
    DatabaseBusy,
    DatabaseUnavailable,
    NewerSchema,
    NotWritable,
    StorageError,
    disk_full,
    file_errors,
)
from santorio.storage.embedded_postgres import os_user, postmaster
from santorio.storage.embedded_postgres.os_user import MAJOR_VERSION, Account

START_SECONDS = 300
"""Recovery after a crash replays up to max_wal_size, which takes minutes on a slow disk."""
STALE_SECONDS = 20
"""How long the processes and the shared memory of a killed server may take to disappear."""

# PostgreSQL writes its log of changes in segments of this size.
WAL_SEGMENT_BYTES = 16 * 2**20

CONFIGURATION = """\
# Written by Santorio at each start; settings of your own go to the end of postgresql.conf.
listen_addresses = ''
unix_socket_directories = '{socket_folder}'
unix_socket_permissions = 0700
max_connections = 60
shared_buffers = 128MB
work_mem = 16MB
maintenance_work_mem = 64MB
effective_cache_size = 512MB
min_wal_size = 80MB
max_wal_size = 512MB
checkpoint_completion_target = 0.9
wal_level = minimal
max_wal_senders = 0
max_parallel_workers_per_gather = 1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
# Statements and error details contain health values: the log gets none of them.
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_checkpoints = off
"""
ACCESS = """\
# The folder's permissions protect the database: only the server's account and root can enter it.
local all all trust
"""


@contextmanager
def embedded_server(folder: Path, *, extra_configuration: str = "") -> Iterator[str]:
    """Start the server of a data folder, or join it if it is running; the last process that leaves stops it.

    Parameters
    ----------
    folder
        Created if missing, with the folders above it.
    extra_configuration
        Lines for `postgresql.conf` that take precedence over ours; used if this call starts the server.

    Yields
    ------
    str
        libpq URL of the database `postgres`.

    Raises
    ------
    StorageError
        NotWritable, DiskFull, NewerSchema, DatabaseBusy or DatabaseUnavailable, each with what to do.
    """
    folder = folder.absolute()
    with file_errors(folder.parent):
        _make_home(folder.parent)
        with _exclusive(folder):
            account, socket_folder = _start(folder, extra_configuration)
            holder = _hold(folder)
    try:
        yield f"postgresql://postgres@/postgres?host={quote(str(socket_folder), safe='')}"
    except DatabaseUnavailable as error:
        # A server that can no longer write its log of changes shuts down without a message to its clients.
        if _is_full(folder):
            raise disk_full(folder) from error
        raise
    finally:
        _leave(folder, account, holder)


def _make_home(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileNotFoundError as error:
        # Some file systems, such as /proc, raise this where a folder cannot be created.
        raise NotWritable(
            f"The folder {home} cannot be created.", hint="Set SANTORIO_HOME to another folder."
        ) from error


def _start(folder: Path, extra_configuration: str) -> tuple[Account | None, Path]:
    account = os_user.server_account(folder)
    os_user.grant_execute(account)
    os_user.grant_traverse(account, folder)
    if not folder.exists():
        _initialise(folder, account)
    _check_version(folder)
    return account, _join(folder) or _launch(folder, account, extra_configuration)


def _leave(folder: Path, account: Account | None, holder: int) -> None:
    if not folder.parent.exists():
        # Removed meanwhile: the server detects that and stops by itself.
        os.close(holder)
        return
    with _exclusive(folder):
        os.close(holder)
        if not is_in_use(folder):
            arguments = ("-D", folder, "-m", "fast", "-w", "-t", "60", "stop")
            os_user.run_program(account, "pg_ctl", *arguments, timeout=90)


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """Allow one process at a time to start or stop the server."""
    descriptor = os.open(
        folder.with_name(f"{folder.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    try:
        _wait_for_lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise DatabaseBusy(
                    f"Another process has been starting or stopping the database in {folder} for minutes.",
                    hint="End that process, or set SANTORIO_HOME to another folder.",
                ) from None
            time.sleep(0.05)
        else:
            return


def _open_holders(folder: Path) -> int:
    return os.open(folder.with_name(f"{folder.name}.holders"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _hold(folder: Path) -> int:
    """Take the shared lock of a process that uses the server."""
    descriptor = _open_holders(folder)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def is_in_use(folder: Path) -> bool:
    """Whether any process uses the server of a data folder."""
    descriptor = _open_holders(folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def _initialise(folder: Path, account: Account | None) -> None:
    """Create the data folder under another name and rename it when complete: a kill leaves no incomplete folder."""
    draft = folder.with_name(f"{folder.name}.new")
    if draft.exists():
        shutil.rmtree(draft)
    draft.mkdir(mode=0o700)
    os_user.chown_to(account, draft)
    result = os_user.run_program(
        account,
        "initdb",
        # Sorting must not depend on the machine's C library: an upgrade of it would corrupt indexes.
        *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        *("--auth=trust", "--username=postgres", "--pgdata", draft),
        timeout=START_SECONDS,
    )
    if result.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        raise _start_failure(result.stderr, draft)
    (draft / "pg_hba.conf").write_text(ACCESS)
    with (draft / "postgresql.conf").open("a") as file:
        file.write("\ninclude_if_exists 'santorio.conf'\n")
    draft.rename(folder)


def _check_version(data: Path) -> None:
    try:
        version = (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        raise DatabaseUnavailable(
            f"{data} is not a database folder: its PG_VERSION is missing.",
            hint="Restore it from a backup, or move it away so that Santorio creates a new one.",
        ) from None
    if version == str(MAJOR_VERSION):
        return
    if version.isdigit() and int(version) > MAJOR_VERSION:
        raise NewerSchema(
            f"{data} was written by PostgreSQL {version}; this Santorio brings {MAJOR_VERSION}.",
            hint="Update Santorio, or set SANTORIO_HOME to another folder.",
        )
    raise DatabaseUnavailable(
        f"{data} was written by PostgreSQL {version}; this Santorio brings {MAJOR_VERSION}.",
        hint="Dump it with that version and restore it into a new home.",
    )


def _join(data: Path) -> Path | None:
    """Return the socket folder of the server that is running on the data; None if there is none."""
    server = postmaster.read(data)
    if server is None:
        return None
    if server.answers() or (server.is_alive(data) and server.wait_until_ready(data, START_SECONDS)):
        return server.socket_folder
    if server.is_alive(data):
        raise DatabaseBusy(
            f"The server with process id {server.pid} has {data} open but does not answer.",
            hint="End that process, then run the same command again.",
        )
    if is_in_use(data) and server.is_foreign():
        raise DatabaseBusy(
            f"Another machine or container has {data} open.",
            hint="Stop Santorio there, or set SANTORIO_HOME to another folder.",
        )
    if server.pid_was_reused(data):
        # PostgreSQL only checks whether the process id is in use, and would never start.
        (data / "postmaster.pid").unlink(missing_ok=True)
    return None


def _launch(data: Path, account: Account | None, extra_configuration: str) -> Path:
    """Start the server, and return its socket folder; wait for a server that was killed to disappear."""
    folder = postmaster.choose_socket_folder(data, account)
    configuration = CONFIGURATION.format(socket_folder=str(folder).replace("'", "''"))
    target = data / "santorio.conf"
    target.write_text(configuration + extra_configuration)
    os_user.chown_to(account, target)
    log = data / "server.log"
    deadline = time.monotonic() + STALE_SECONDS
    while True:
        log.unlink(missing_ok=True)
        result = os_user.run_program(
            account,
            "pg_ctl",
            *("-D", data, "-l", log, "-w", "-t", str(START_SECONDS), "start"),
            timeout=START_SECONDS + 30,
        )
        if result.returncode == 0:
            postmaster.mark_namespace(data, account)
            return folder
        messages = log.read_text(errors="replace") if log.exists() else result.stderr
        failure = _start_failure(messages, data)
        if not isinstance(failure, DatabaseBusy) or time.monotonic() > deadline:
            raise failure
        time.sleep(0.3)


def _start_failure(text: str, data: Path) -> StorageError:
    """Return the error of a server that did not start, from its own messages."""
    if "No space left on device" in text or "Disk quota exceeded" in text or _is_full(data):
        return disk_full(data)
    if "shared memory block" in text or "lock file" in text:
        return DatabaseBusy(
            f"Another server has {data} open.",
            hint="End that server, or set SANTORIO_HOME to another folder.",
        )
    message = "The embedded PostgreSQL did not start."
    for line in text.splitlines():
        _, is_fatal, reason = line.partition("FATAL:")
        if is_fatal:
            message = f"The embedded PostgreSQL did not start: {reason.strip()}."
            break
    return DatabaseUnavailable(message, hint=f"Its log is {data / 'server.log'}.")


def _is_full(data: Path) -> bool:
    """Whether there is no room for the next segment of the log of changes."""
    return shutil.disk_usage(data.parent).free < WAL_SEGMENT_BYTES
