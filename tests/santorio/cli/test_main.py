"""The command itself."""

import os
import sys

import pytest

from santorio.cli.main import main


@pytest.fixture
def usual_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("usual_umask")
def test_what_a_command_writes_is_for_its_owner_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["santorio", "--help"])
    with pytest.raises(SystemExit):
        main()
    (tmp_path / "inbox").mkdir()
    assert (tmp_path / "inbox").stat().st_mode & 0o777 == 0o700
