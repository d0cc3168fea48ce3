"""Past values of an outcome from a CSV file: its standard deviation, and the correlation of neighbouring days."""

from pathlib import Path

import numpy as np

from santorio.csv_table import lines_of, numbers, read_table
from santorio.errors import ConfigError, DataError
from santorio.stats.assurance import Noise, noise_of
from santorio.studies.timestamps import parse_timestamps

MIN_DAYS = 14


def noise_of_file(path: Path, column: str, day: str) -> tuple[Noise, str]:
    """Estimate σ and ρ, net of trend and weekday; several values of a day are averaged.

    Returns
    -------
    Noise, str
        σ in the outcome's unit and ρ; and their source as text.

    Raises
    ------
    DataError
        If the file cannot be understood.
    ConfigError
        If it has too few days, or they never vary.
    """
    table = read_table(path)
    values, odd = numbers(table, column)
    if odd:
        raise DataError(
            f"“{column}” of {table.name} is not a number in {len(odd)} rows ({lines_of(table, odd)})."
        )
    at = np.floor(parse_timestamps(table, day).at)
    observed = np.isfinite(values) & np.isfinite(at)
    days, row = np.unique(at[observed], return_inverse=True)
    mean = np.bincount(row, weights=values[observed]) / np.maximum(np.bincount(row), 1)
    if len(days) < MIN_DAYS or np.ptp(mean) == 0:
        raise ConfigError(
            f"Past values must be of at least {MIN_DAYS} days and vary.",
            hint="Or state --sd and --correlation.",
        )
    # `noise_of` expects standardised values, and returns σ in the unit of the spread.
    spread = float(mean.std(ddof=1))
    noise = noise_of(days.astype(np.int64), (mean - mean.mean()) / spread, spread)
    return noise, f"from {len(days)} days of {table.name}"
