"""Measure a command: seconds, and the peak memory of all its processes together, the database's too."""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
INTERVAL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Measurement:
    """One run of a command. Memory is proportional set size: shared pages count once."""

    seconds: float
    peak_mib: float
    returncode: int
    output: str


def newcomers_environment() -> dict[str, str]:
    """Return this environment without what `make bench` and its virtual environment have put there."""
    inherited = {"VIRTUAL_ENV", "UV", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    found = {name: value for name, value in os.environ.items() if name not in inherited}
    own = str(Path(sys.executable).parent)
    found["PATH"] = os.pathsep.join(part for part in found["PATH"].split(os.pathsep) if part != own)
    return found


def measure(
    command: Sequence[str], *, cwd: Path, environment: Mapping[str, str] | None = None
) -> Measurement:
    """Run a command to its end, watching the memory of its tree and of the embedded server it may start."""
    started = time.monotonic()
    home = (environment or {}).get("SANTORIO_HOME", str(cwd))
    running = subprocess.Popen(
        command, cwd=cwd, env={**newcomers_environment(), **(environment or {})},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    peak = [0.0]
    stop = threading.Event()
    watcher = threading.Thread(target=watch, args=(running.pid, home, peak, stop), daemon=True)
    watcher.start()
    output, _ = running.communicate()
    seconds = time.monotonic() - started
    stop.set()
    watcher.join()
    return Measurement(round(seconds, 2), round(peak[0], 1), running.returncode, output)


def watch(command: int, home: str, peak: list[float], stop: threading.Event) -> None:
    """Sample the command's processes and those of the server in its home, which is no child of the command."""
    while not stop.wait(INTERVAL_SECONDS):
        total = 0
        for process in ours(command, home):
            try:
                total += process.memory_full_info().pss
            except (psutil.Error, OSError):
                continue
        peak[0] = max(peak[0], total / 2**20)


def ours(command: int, home: str) -> set[psutil.Process]:
    """Return the command, the server that works in its home, and all that they started."""
    found: set[psutil.Process] = set()
    for process in psutil.process_iter():
        try:
            if process.pid == command or any(part.startswith(home) for part in process.cmdline()[1:]):
                found |= {process, *process.children(recursive=True)}
        except (psutil.Error, OSError):
            continue
    return found


def machine() -> str:
    """The machine in a line, without its name."""
    memory = psutil.virtual_memory().total / 2**30
    return f"{psutil.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def find_uv() -> str | None:
    """Return the path of uv; None where there is none."""
    return shutil.which("uv") or shutil.which(str(ROOT / ".uv" / "bin" / "uv"))


def peer_command(package: str, program: str) -> list[str] | None:
    """Return how to run a peer's own program, in an environment of its own; None where it cannot be had."""
    uv = find_uv()
    if uv is None:
        return None
    # Named, for a peer may be given a home of its own.
    cache = subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    run = [uv, "tool", "run", "--quiet", "--cache-dir", cache, "--from", package, program]
    with tempfile.TemporaryDirectory() as elsewhere:  # some write a log where they are started
        found = subprocess.run([*run, "--version"], capture_output=True, check=False, cwd=elsewhere)
    return run if found.returncode == 0 else None
