"""dbt in a process of its own: for a long build, beside which this process has work to do.

dbt's threads and a compiler in one process take turns, because both hold the interpreter's lock; in two they use two
cores. A short build runs in this process, without dbt's start (`santorio.warehouse.dbt_runner`).
"""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from santorio.errors import SantorioError, StorageError
from santorio.storage.database.engine import Database
from santorio.warehouse.dbt import PROJECT
from santorio.warehouse.dbt_runner import DbtEvent, run_dbt


def run_dbt_process(
    database: Database,
    arguments: Sequence[str],
    *,
    target: Path,
    project: Path = PROJECT,
    environment: Mapping[str, str] | None = None,
    on_event: Callable[[DbtEvent], None] | None = None,
) -> list[dict[str, Any]]:
    """Run a dbt command in a new process: as `santorio.warehouse.dbt_runner.run_dbt`, with its parameters.

    Raises
    ------
    StorageError
        If dbt could not run, or its process ended before it had answered.
    """
    request = {
        "url": database.url,
        "arguments": list(arguments),
        "target": str(target),
        "project": str(project),
        "environment": dict(environment or {}),
    }
    command = [sys.executable, "-m", "santorio.warehouse.dbt_process"]
    results: list[dict[str, Any]] | None = None
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None  # noqa: S101 - a pipe, by the call above
        assert process.stdout is not None  # noqa: S101 - as well
        # Through a pipe, because other users of the machine can read a process's arguments.
        process.stdin.write(json.dumps(request))
        process.stdin.close()
        for line in process.stdout:
            message = json.loads(line)
            if "error" in message:
                raise StorageError(message["error"], hint=message["hint"])
            if "event" in message and on_event is not None:
                on_event(message["event"])
            results = message.get("results", results)
    if results is None:
        raise StorageError(f"dbt's process ended early (exit code {process.returncode}).")
    return results


def main() -> None:
    """Run the command that standard input names; one line of JSON for each event, and one for the results."""
    request = json.load(sys.stdin)
    lock = threading.Lock()

    def send(message: Mapping[str, Any]) -> None:
        with lock:  # events come from dbt's threads
            sys.stdout.write(json.dumps(message, default=str) + "\n")
            sys.stdout.flush()

    database = Database(request["url"], dagster_url="")
    try:
        results = run_dbt(
            database,
            request["arguments"],
            target=Path(request["target"]),
            project=Path(request["project"]),
            environment=request["environment"],
            on_event=lambda event: send({"event": event}),
        )
        send({"results": results})
    except SantorioError as error:
        send({"error": error.message, "hint": error.hint})
    finally:
        database.close()


if __name__ == "__main__":
    main()
