"""A person at a terminal: commands in a process of their own, on a home of their own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Terminal:
    """Types commands of Santorio, as a person would."""

    def __init__(self, home: Path) -> None:
        self.environment = {**os.environ, "SANTORIO_HOME": str(home), "SANTORIO_TIMEZONE": "Europe/Berlin"}
        self.home = home

    def type(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "santorio.cli.main", *words],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def json(self, *words: str) -> Any:
        done = self.type(*words, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def start(self, module: str, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", module, *words], cwd=ROOT, env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip


@pytest.fixture(scope="module")
def terminal() -> Iterator[Terminal]:
    # Not below pytest's own folder: run by root, the database's account could not enter there.
    folder = Path(tempfile.mkdtemp(prefix="santorio-"))
    yield Terminal(folder)
    shutil.rmtree(folder, ignore_errors=True)
