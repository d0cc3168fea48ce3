"""A run whose process was killed is closed; one that lives, or lives elsewhere, is left alone."""

import socket
import subprocess
import sys

import dagster as dg
import psutil
import pytest

from sensors.orphaned_runs import PROCESS, fail_orphaned_runs, process_tag


@dg.op
def wait():
    pass


@dg.job
def refresh():
    wait()


def dead_process() -> tuple[int, float]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        began = psutil.Process(process.pid).create_time()
    return process.pid, began


def status_after(tags: dict[str, str]) -> dg.DagsterRunStatus:
    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(refresh, tags=tags, status=dg.DagsterRunStatus.STARTED)
        fail_orphaned_runs(instance)
        found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def test_a_run_whose_process_was_killed_is_closed():
    number, began = dead_process()
    tags = {PROCESS: f"{socket.gethostname()} {number} {began:.1f}"}
    assert status_after(tags) == dg.DagsterRunStatus.FAILURE


def test_a_number_without_a_host_is_of_a_version_that_is_gone():
    assert status_after({PROCESS: "1"}) == dg.DagsterRunStatus.FAILURE


def test_a_number_that_was_given_out_again_is_not_taken_for_the_process():
    host, number, began = process_tag()[PROCESS].split()
    assert (
        status_after({PROCESS: f"{host} {number} {float(began) - 3600:.1f}"}) == dg.DagsterRunStatus.FAILURE
    )


@pytest.mark.parametrize("tags", [process_tag(), {PROCESS: "another-container 1 1.0"}, {}])
def test_a_run_that_lives_or_lives_elsewhere_is_left_alone(tags):
    assert status_after(tags) == dg.DagsterRunStatus.STARTED
