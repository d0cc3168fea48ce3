"""dbt in a process of its own: for a long build, beside which this process has work to do.

dbt's threads and a compiler in one process take turns, because both hold the interpreter's lock; in two they use two
cores. A short build runs in this process, without dbt's start (`santorio.warehouse.dbt_runner`).
"""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from santorio.errors import SantorioError, StorageError
from santorio.storage.database.engine import Database
from santorio.warehouse.dbt import PROJECT
from santorio.warehouse.dbt_runner import DbtEvent, run_dbt


class DbtProcess:
    """dbt in a new process, which answers until the context ends: its second command finds the project parsed."""

    def __enter__(self) -> Self:
        """Start the process."""
        command = [sys.executable, "-m", "santorio.warehouse.dbt_process"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_error: object) -> None:
        """Let the process end after the command that is under way."""
        with suppress(BrokenPipeError):  # closing flushes what a process that ended early did not read
            self._process.__exit__(None, None, None)

    def run(
        self,
        database: Database,
        arguments: Sequence[str],
        *,
        target: Path,
        project: Path = PROJECT,
        environment: Mapping[str, str] | None = None,
        on_event: Callable[[DbtEvent], None] | None = None,
    ) -> list[dict[str, Any]]:
        """Run a dbt command: as `santorio.warehouse.dbt_runner.run_dbt`, with its parameters.

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
        assert self._process.stdin is not None  # noqa: S101 - a pipe, see above
        assert self._process.stdout is not None  # noqa: S101 - as well
        with suppress(BrokenPipeError):  # a process that ended early does not answer
            # Through a pipe, because other users of the machine can read a process's arguments.
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        for line in self._process.stdout:
            message = json.loads(line)
            if "error" in message:
                raise StorageError(message["error"], hint=message["hint"])
            if "results" in message:
                results: list[dict[str, Any]] = message["results"]
                return results
            if on_event is not None:
                on_event(message["event"])
        raise StorageError("dbt's process ended before it had answered.", hint="The next run tries again.")


def main() -> None:
    """Run the commands that standard input names, a line each; one line of JSON for each event and for the results."""
    lock = threading.Lock()

    def send(message: Mapping[str, Any]) -> None:
        with lock:  # events come from dbt's threads
            sys.stdout.write(json.dumps(message, default=str) + "\n")
            sys.stdout.flush()

    for line in sys.stdin:
        request = json.loads(line)
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


if __name__ == "__main__":
    main()
