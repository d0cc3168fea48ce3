"""A run's progress for a person at a terminal: one line a step, instead of Dagster's log."""

import logging
from collections import defaultdict

import dagster as dg
from rich.console import Console

from assets.per_person import COUNT_STEP_PREFIX

STEP_LABELS = {
    "inbox_files": "Ingesting files",
    "garmin__payloads": "Settling Garmin's days",
    "marts": "Building the marts",
    "analysis__baselines": "Computing baselines",
    "analysis__effects": "Estimating associations",
    "analysis__trials": "Analysing trials",
    "analysis__population": "Pooling over people who consent",
    "analysis__proposals": "Proposing the next trial",
    "api_views": "Publishing to the API",
}


class StepProgressHandler(logging.Handler):
    """Prints a line when a step has ended; Dagster hands its events over in the log record."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.DEBUG)
        self.console = console
        self.seconds: dict[str, float] = defaultdict(float)

    def emit(self, record: logging.LogRecord) -> None:
        """Print which step ended and how long it took; everything else stays in Dagster's event log."""
        event = getattr(record, "dagster_meta", {}).get("dagster_event")
        if event is None or event.step_key is None:
            return
        # An asset that goes through people has several steps; the last one counts.
        asset, _, step = event.step_key.partition(".")
        label = STEP_LABELS.get(asset)
        if event.event_type_value == "STEP_SUCCESS" and label:
            self.seconds[asset] += event.event_specific_data.duration_ms / 1000
            if not step or step.startswith(COUNT_STEP_PREFIX):
                self.console.print(f"  [green]✓[/green] {label} [dim]{self.seconds[asset]:.1f} s[/dim]")
        elif event.event_type_value == "STEP_FAILURE":
            self.console.print(f"  [red]✗[/red] {label or asset}")


def _progress(_context: dg.InitLoggerContext) -> logging.Logger:
    """Build the logger that `santorio run` asks for."""
    # Dagster makes one a run; a registered logger would keep the handlers of all of them.
    logger = logging.Logger("santorio.progress", logging.DEBUG)  # noqa: LOG001
    logger.addHandler(StepProgressHandler(Console(stderr=True)))
    return logger


progress = dg.LoggerDefinition(
    _progress, description="One line a step on standard error, for `santorio run`."
)
