"""What a person at a terminal sees of a run: one line an asset, however many steps it has."""

import io
import logging

import dagster as dg
import pytest
from rich.console import Console

from assets.per_person import per_person_asset
from pipelines.progress import StepProgressHandler
from santorio.people import ensure_person


@pytest.fixture
def lines(database, settings):
    """Lines of a run over three people, a chunk each."""
    with database.connect() as connection:
        for name in ("Ada", "Ben", "Cy"):
            ensure_person(connection, name, "Europe/Berlin")

    def run(analyse):
        written = io.StringIO()
        logger = logging.Logger("of a test", logging.DEBUG)  # noqa: LOG001
        logger.addHandler(StepProgressHandler(Console(file=written, width=100)))
        definitions = dg.Definitions(
            assets=[
                per_person_asset(["analysis", "effects"], analyse, kind="effects", reads=[], kinds=set())
            ],
            resources={
                "database": database,
                "settings": settings.model_copy(update={"people_in_a_chunk": 1}),
            },
            loggers={"progress": dg.LoggerDefinition(lambda _: logger)},
        )
        job = definitions.resolve_implicit_global_asset_job_def()
        job.execute_in_process(raise_on_error=False, run_config={"loggers": {"progress": {}}})
        return written.getvalue().splitlines()

    return run


def test_people_in_three_chunks_are_one_line(lines):
    (line,) = lines(lambda *_: None)
    assert line.startswith("  ✓ Estimating associations ")


def test_what_failed_for_everyone_is_one_line(lines):
    def fail(*_):
        raise ValueError

    assert lines(fail) == ["  ✗ Estimating associations"]
