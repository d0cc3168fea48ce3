"""The command itself."""

import os
import socket
import subprocess
import sys

import pytest

from santorio.cli.main import main


@pytest.fixture
def usual_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("usual_umask")
def test_files_of_a_command_are_readable_by_their_owner_only(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["santorio", "--help"])
    with pytest.raises(SystemExit):
        main()
    (tmp_path / "inbox").mkdir()
    assert (tmp_path / "inbox").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("command", "is_renamed"), [("serve", False), ("up", True)])
def test_the_former_name_of_serve_still_serves_and_says_what_it_is_called_now(command, is_renamed, home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = subprocess.run(
            [sys.executable, "-m", "santorio.cli.main", command, "--only", "api"],
            env={**os.environ, "SANTORIO_HOME": str(home), "SANTORIO_API_PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert process.returncode == 1
    assert f"Port {port}" in process.stdout + process.stderr  # which the services refused
    assert ("is now `santorio serve`" in process.stderr) is is_renamed
