"""The embedded server starts, is shared, survives kills, and says clearly why it cannot start."""

import contextlib
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from santorio.errors import DatabaseBusy, DatabaseUnavailable, DiskFull, NewerSchema, NotWritable
from santorio.storage.embedded_postgres import os_user, postmaster, server
from santorio.storage.embedded_postgres.server import embedded_server, is_in_use

HOLD = """
import sys, time
from pathlib import Path
from santorio.storage.embedded_postgres.server import embedded_server
with embedded_server(Path(sys.argv[1]), extra_configuration="fsync = off"):
    print("open", flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def initialised() -> Iterator[Path]:
    """A data folder that was made once; tests work on copies of it."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="santorio-"))
    with embedded_server(folder / "postgres", extra_configuration="fsync = off"):
        pass
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def data(initialised: Path, home: Path) -> Path:
    subprocess.run(["cp", "-a", f"{initialised}/.", home], check=True)
    return home / "postgres"


@contextlib.contextmanager
def holder(data: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process of ours that has the server open."""
    with subprocess.Popen([sys.executable, "-c", HOLD, data], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        try:
            yield process
        finally:
            process.kill()


def server_pid(data: Path) -> int:
    return int((data / "postmaster.pid").read_text().splitlines()[0])


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def ended(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while runs(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not runs(pid)


def one(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_a_new_folder_gets_a_server_that_stops_with_its_last_user(home: Path) -> None:
    data = home / "new" / "postgres"
    with embedded_server(data, extra_configuration="fsync = off") as url:
        assert str(one(url, "show server_version")).startswith("18")
        pid = server_pid(data)
    assert ended(pid)
    assert not (data / "postmaster.pid").exists()


def test_it_listens_on_no_network_and_nobody_else_gets_to_its_socket(data: Path) -> None:
    with embedded_server(data) as url:
        assert one(url, "show listen_addresses") == ""
        assert psutil.Process(server_pid(data)).net_connections("inet") == []
        assert (data / postmaster.SOCKET_NAME).is_socket()
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        assert stat.S_IMODE(data.parent.stat().st_mode) & 0o066 == 0


def test_it_keeps_statements_and_their_values_out_of_its_log(data: Path) -> None:
    with embedded_server(data) as url, psycopg.connect(url, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute("select 'my weight is 81.25'::int")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(
                "create temp table w (kg text unique); insert into w values ('81.25'), ('81.25')"
            )
    assert "81.25" not in (data / "server.log").read_text()


def test_it_is_made_to_keep_data_through_a_power_cut(data: Path) -> None:
    with embedded_server(data) as url:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            assert one(url, f"show {setting}") == "on"


def test_two_users_in_one_process_share_a_server(data: Path) -> None:
    with embedded_server(data) as first:
        pid = server_pid(data)
        with embedded_server(data) as second:
            assert second == first
        assert one(first, "select 1") == 1
        assert server_pid(data) == pid
    assert ended(pid)


def test_processes_share_a_server_and_one_that_was_killed_does_not_keep_it(data: Path) -> None:
    with holder(data) as other:
        pid = server_pid(data)
        with embedded_server(data) as url:
            assert one(url, "select 1") == 1
        assert runs(pid)
        with embedded_server(data):
            other.kill()
            other.wait()
        assert ended(pid)


def test_a_server_whose_users_were_all_killed_is_joined_and_then_stopped(data: Path) -> None:
    with holder(data) as other:
        pid = server_pid(data)
        other.kill()
        other.wait()
    assert runs(pid)
    assert not is_in_use(data)
    with embedded_server(data) as url:
        assert one(url, "select 1") == 1
        assert server_pid(data) == pid
    assert ended(pid)


def test_what_was_committed_survives_a_killed_server(data: Path) -> None:
    with embedded_server(data) as url:
        with psycopg.connect(url) as connection:
            connection.execute("create table kept as select generate_series(1, 1000) as number")
        for process in [psutil.Process(server_pid(data)), *psutil.Process(server_pid(data)).children()]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        with embedded_server(data) as again:
            assert one(again, "select count(*) from kept") == 1000
            pid = server_pid(data)
    assert ended(pid)


def test_a_process_that_got_the_number_of_a_dead_server_does_not_block_the_start(data: Path) -> None:
    lines = [str(os.getpid()), str(data), "1", "5432", str(data), "", "1 1", "ready"]
    lock = data / "postmaster.pid"
    lock.write_text("\n".join(lines) + "\n")
    os_user.chown_to(os_user.server_account(data), lock)
    with embedded_server(data) as url:
        assert one(url, "select 1") == 1


def test_a_first_start_that_was_killed_leaves_nothing_in_the_way(home: Path) -> None:
    draft = home / "postgres.new"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    with embedded_server(home / "postgres", extra_configuration="fsync = off") as url:
        assert one(url, "select 1") == 1
    assert not draft.exists()


def test_a_path_too_long_for_a_socket_gets_one_elsewhere_that_nobody_else_can_enter(home: Path) -> None:
    data = home / ("long-" * 25) / "postgres"
    with embedded_server(data, extra_configuration="fsync = off") as url:
        folder = Path(str(one(url, "show unix_socket_directories")))
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert one(url, "select 1") == 1
    folder.rmdir()


def test_a_socket_folder_that_somebody_else_made_is_not_used(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = os_user.server_account(home / "postgres")
    long = home / ("long-" * 25) / "postgres"
    long.mkdir(parents=True)
    chosen = postmaster.choose_socket_folder(long, account)
    chosen.chmod(0o777)
    with pytest.raises(NotWritable, match="someone else"):
        postmaster.choose_socket_folder(long, account)
    chosen.rmdir()


@pytest.mark.parametrize("name", ["with space", "it's", "ünï", "per%cent"])
def test_any_path_will_do(initialised: Path, home: Path, name: str) -> None:
    folder = home / name
    subprocess.run(["cp", "-a", initialised, folder], check=True)
    with embedded_server(folder / "postgres") as url:
        assert one(url, "select 1") == 1


def test_a_folder_of_a_newer_postgresql_is_left_alone(data: Path) -> None:
    (data / "PG_VERSION").write_text("19\n")
    with pytest.raises(NewerSchema, match="PostgreSQL 19"), embedded_server(data):
        pass


def test_a_folder_of_an_older_postgresql_is_left_alone(data: Path) -> None:
    (data / "PG_VERSION").write_text("17\n")
    with pytest.raises(DatabaseUnavailable, match="PostgreSQL 17"), embedded_server(data):
        pass


def test_a_folder_that_holds_no_database_is_left_alone(home: Path) -> None:
    (home / "postgres").mkdir()
    with pytest.raises(DatabaseUnavailable, match="PG_VERSION"), embedded_server(home / "postgres"):
        pass


def test_a_file_in_the_homes_place_is_said_to_be_in_the_way(home: Path) -> None:
    (home / "file").write_text("")
    with pytest.raises(NotWritable, match="file"), embedded_server(home / "file" / "postgres"):
        pass


def test_a_place_where_no_folder_can_be_made_is_said_to_be_none() -> None:
    with (
        pytest.raises(NotWritable, match="cannot be created"),
        embedded_server(Path("/proc/santorio/postgres")),
    ):
        pass


def test_a_server_that_does_not_answer_is_said_to_be_busy(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with embedded_server(data):
        monkeypatch.setattr(server, "START_SECONDS", 0.5)
        pid = server_pid(data)
        socket = data / postmaster.SOCKET_NAME
        socket.rename(data / "hidden")
        try:
            with pytest.raises(DatabaseBusy, match=str(pid)), embedded_server(data):
                pass
        finally:
            (data / "hidden").rename(socket)
            monkeypatch.undo()
    assert ended(pid)


def test_a_server_in_another_container_is_said_to_be_busy(data: Path) -> None:
    lines = ["4000000", str(data), "1", "5432", str(data), "", "1 1", "ready"]
    (data / "postmaster.pid").write_text("\n".join(lines) + "\n")
    (data / "santorio.namespace").write_text("another boot, another container\n")
    share = server._hold(data)
    try:
        with pytest.raises(DatabaseBusy, match="container"), embedded_server(data):
            pass
    finally:
        os.close(share)


def test_a_setting_that_keeps_the_server_from_starting_is_quoted(data: Path) -> None:
    with (
        pytest.raises(DatabaseUnavailable, match=r"did not start.*server\.log"),
        embedded_server(data, extra_configuration="shared_buffers = nonsense\n"),
    ):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")
@pytest.mark.parametrize("megabytes", [8, 60])
def test_a_full_disk_is_said_to_be_full(home: Path, megabytes: int) -> None:
    disk = home / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", disk], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        with pytest.raises(DiskFull, match="full"), embedded_server(disk / "postgres") as url:
            fill(url)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def fill(url: str) -> None:
    from santorio.storage.database.engine import Database

    with Database(url=url, dagster_url=url).connect() as connection:
        connection.execute("create table much as select md5(n::text) from generate_series(1, 2000000) n")


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another account takes root")
def test_an_ordinary_account_runs_its_own_server_and_others_are_refused(home: Path) -> None:
    code = """
import encodings.idna, os, sys
from pathlib import Path
from santorio.storage.embedded_postgres.server import embedded_server
from santorio.errors import SantorioError
# Only now: this account may not be able to reach Python and us.
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    with embedded_server(Path(sys.argv[1]), extra_configuration="fsync = off") as url:
        print(url)
except SantorioError as error:
    print(error.code)
"""
    own = home / "own"
    own.mkdir()
    os.chown(own, 65534, 65534)
    home.chmod(0o711)

    def as_nobody(data: Path) -> str:
        done = subprocess.run([sys.executable, "-c", code, data], check=False, capture_output=True, text=True)
        return done.stdout.strip() or done.stderr

    assert as_nobody(own / "postgres").startswith("postgresql://postgres@/postgres?host=")
    assert (own / "postgres").stat().st_uid == 65534
    assert as_nobody(home / "postgres") == "not_writable"
    # Root goes on with that account's server, as that account.
    with embedded_server(own / "postgres"):
        assert psutil.Process(server_pid(own / "postgres")).uids().real == 65534
