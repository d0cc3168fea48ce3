"""Runs that a terminal started and whose process was killed: nobody else would ever say that they ended.

Dagster watches the runs that its daemon launches. One in a process of its own (`santorio run`) stays "started" when
that is killed, and with one run at a time the daemon would wait for it for ever.
"""

import os
import socket

import dagster as dg
import psutil

PROCESS = "santorio/process"
UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
# The time a process began is counted from the machine's start, which is known to about a second.
TOLERANCE_SECONDS = 2.0


def process_tag() -> dict[str, str]:
    """Tag that says which process a run lives in: host, number and start, for numbers are given out again."""
    number = os.getpid()
    return {PROCESS: f"{socket.gethostname()} {number} {psutil.Process(number).create_time():.1f}"}


def fail_orphaned_runs(instance: dg.DagsterInstance) -> int:
    """Mark as failed what a killed process left behind as running, so that nothing waits for it.

    Returns
    -------
    int
        How many there were.
    """
    dead = [
        run
        for run in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
        if _is_dead(run.tags.get(PROCESS))
    ]
    for run in dead:
        instance.report_run_failed(run, "Its process ended before the run did.")
    return len(dead)


def _is_dead(tag: str | None) -> bool:
    """Whether the process is gone; of another host's (a container's) nothing can be known from here."""
    if tag is not None and tag.isdecimal():
        return True  # as written before hosts were: by a process that an upgrade has ended
    host, _, process = (tag or "").partition(" ")
    number, _, began = process.partition(" ")
    if host != socket.gethostname():
        return False
    try:
        found = psutil.Process(int(number))
        again = abs(found.create_time() - float(began)) > TOLERANCE_SECONDS
        return bool(again or found.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
