"""Serve everything until interrupted: Dagster's UI and daemon, and the API. Behind `santorio serve`."""

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from rich.console import Console

from pipelines.dagster_instance import use_dagster_home
from santorio.errors import ConfigError, SantorioError
from santorio.settings import Settings, load_settings
from santorio.storage.database.connect import open_database
from santorio.warehouse import ensure_manifest

ROOT = Path(__file__).resolve().parents[1]
STARTUP_TIMEOUT_SECONDS = 120


def commands(settings: Settings) -> dict[str, list[str]]:
    """Command of each service; the daemon runs sensors and schedules, the builder micro-batches."""
    workspace = ["-w", str(ROOT / "workspace.yaml")]
    return {
        "api": [sys.executable, "-m", "santorio.api.server"],
        "ui": [
            sys.executable, "-m", "dagster_webserver", *workspace,
            "-h", settings.api_host, "-p", str(settings.ui_port),
        ],
        "daemon": [sys.executable, "-m", "dagster._daemon", "run", *workspace],
        "builder": [sys.executable, "-m", "pipelines.builder"],
    }  # fmt: skip


def serve(settings: Settings, console: Console, only: str | None = None) -> int:
    """Start the services (or one of them), print their addresses, and wait until one ends or Ctrl-C."""
    services = {name: command for name, command in commands(settings).items() if only in {None, name}}
    if only is None and settings.api_port == settings.ui_port:
        raise ConfigError(
            f"The API and the pipeline's UI cannot both have port {settings.api_port}.",
            hint="Set SANTORIO_API_PORT and SANTORIO_UI_PORT to different ports.",
        )
    for name, port in (("api", settings.api_port), ("ui", settings.ui_port)):
        if name in services:
            check_port_is_free(settings.api_host, port)
    ensure_manifest()
    with open_database(settings) as database:
        use_dagster_home(settings, database)
        logs = settings.home / "logs"
        inbox = settings.inbox / settings.person
        for folder in (logs, inbox):
            folder.mkdir(parents=True, exist_ok=True)
        running: dict[str, subprocess.Popen[bytes]] = {}
        # From here on whatever ends this process must also end the services.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        try:
            for name, command in services.items():
                with (logs / f"{name}.log").open("ab") as log:
                    running[name] = subprocess.Popen(
                        command, cwd=ROOT, stdout=log, stderr=log, env=os.environ
                    )
            if only is None:
                announce(settings, inbox, console, running)
            return wait(running, logs, console)
        except KeyboardInterrupt:
            return 0
        finally:
            stop(running)


def announce(
    settings: Settings, inbox: Path, console: Console, running: dict[str, subprocess.Popen[bytes]]
) -> None:
    """Wait until the pages respond, then print their addresses and what to type next."""
    ui, api = (f"http://{settings.api_host}:{port}" for port in (settings.ui_port, settings.api_port))
    with console.status("Starting the pipeline's UI, its daemon and the API …"):
        until = time.monotonic() + STARTUP_TIMEOUT_SECONDS
        for url in (f"{api}/health", f"{ui}/server_info"):
            while not responds(url):
                if time.monotonic() > until or any(p.poll() is not None for p in running.values()):
                    return
                time.sleep(0.3)
    console.print(f"\n  Runs and lineage   [link={ui}]{ui}[/link]")
    console.print(
        f"  API                [link={api}/docs]{api}/docs[/link]   (a token: [b]santorio token[/b])"
    )
    console.print(f"  Inbox              {inbox}   (drop files here)")
    console.print("\nPress Ctrl-C to stop. Data stays where it is.")


def responds(url: str) -> bool:
    """Whether this address responds with success."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - our own http address
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait(running: dict[str, subprocess.Popen[bytes]], logs: Path, console: Console) -> int:
    """Wait for a service to end by itself."""
    while True:
        for name, process in running.items():
            if process.poll() is not None:
                console.print(f"[red]The {name} stopped.[/red] Its log is {logs / f'{name}.log'}.")
                return 1
        time.sleep(0.5)


def stop(running: dict[str, subprocess.Popen[bytes]]) -> None:
    """Stop the services: SIGTERM first, SIGKILL after a timeout."""
    for process in running.values():
        process.terminate()
    for process in running.values():
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


def check_port_is_free(host: str, port: int) -> None:
    """Fail early, with what to do, where another program listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"Port {port} on {host} is in use by another program.",
                hint="Stop it, or set SANTORIO_API_PORT and SANTORIO_UI_PORT to free ports.",
            ) from error


def main() -> None:
    """Command line of `python -m pipelines.services`."""
    parser = argparse.ArgumentParser(description="Serve the UI, its daemon and the API.")
    parser.add_argument(
        "--only", choices=["api", "ui", "daemon", "builder"], help="one of them, as in a container"
    )
    arguments = parser.parse_args()
    console = Console()
    try:
        sys.exit(serve(load_settings(), console, arguments.only))
    except SantorioError as error:
        console.print(f"[red]{error}[/red]")
        sys.exit(1)


if __name__ == "__main__":
    main()
