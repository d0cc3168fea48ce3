"""The API as a process: it joins the embedded server, answers, and ends in order."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from santorio.api.server import reader_url
from santorio.errors import ConfigError
from santorio.settings import Settings

KEY = "a key of tests, long enough for HMAC with SHA-256"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served(port: int, *command: str, **environment: str) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, "SANTORIO_API_PORT": str(port), **environment},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def answer(port: int, path: str, process: subprocess.Popen) -> tuple[int, dict]:
    until = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)


def test_it_starts_on_an_empty_home_and_leaves_no_server_behind(home):
    port = free_port()
    with served(port, "-m", "santorio.api.server", SANTORIO_HOME=str(home)) as process:
        assert answer(port, "/health", process)[1]["status"] == "ok"
        status, body = answer(port, "/ready?who=me", process)
        assert (status, body["error"]["code"]) == (503, "not_ready")
        process.send_signal(signal.SIGTERM)
        log = process.communicate(timeout=60)[1]
    assert process.returncode == 0, log
    assert "GET /ready 503" in log
    assert "who=me" not in log
    assert not list((home / "postgres").rglob("postmaster.pid"))


def test_any_asgi_server_can_run_it_and_it_needs_only_its_own_role(published, home):
    port = free_port()
    command = ["-m", "uvicorn", "--factory", "santorio.api.server:application", "--port", str(port)]
    environment = {
        "SANTORIO_HOME": str(home / "unused"),
        "SANTORIO_API_DATABASE_URL": published.database.reader_url,
        "SANTORIO_JWT_SECRET": KEY,
    }
    with served(port, *command, **environment) as process:
        assert answer(port, "/ready", process)[0] == 200
    assert not (home / "unused").exists()


def test_a_wrong_setting_is_a_sentence_and_no_traceback(home):
    with served(
        free_port(), "-m", "santorio.api.server", SANTORIO_HOME=str(home), SANTORIO_JWT_SECRET="short"
    ) as process:
        log = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "SANTORIO_JWT_SECRET is shorter than 32 bytes." in log
    assert "Traceback" not in log


def test_the_url_of_its_own_role_is_all_it_needs(home):
    url = "postgresql://santorio_api@database/santorio"
    with reader_url(Settings(home=home, api_database_url=url)) as found:
        assert found == url
    assert list(home.iterdir()) == []


def test_a_url_that_is_none_is_refused_without_being_repeated(home):
    settings = Settings(home=home, api_database_url="postgresql://x:hunter2@[h/db")
    with (
        pytest.raises(ConfigError, match="SANTORIO_API_DATABASE_URL is not") as refusal,
        reader_url(settings),
    ):
        pass
    assert "hunter2" not in str(refusal.value)
