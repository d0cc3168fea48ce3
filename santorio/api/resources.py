"""The views that the API reads, each with the shape of its rows and the unique key that orders them."""

import datetime as dt
from typing import Any

from pydantic import TypeAdapter

from santorio.api.pagination import Collection, Key
from santorio.api.schemas import (
    ActivityRow,
    BaselineRow,
    CoverageRow,
    DayRow,
    EffectRow,
    ExperimentRow,
    NightRow,
    PopulationRow,
)

DATE: TypeAdapter[dt.date] = TypeAdapter(dt.date)
INSTANT: TypeAdapter[dt.datetime] = TypeAdapter(dt.datetime)
TEXT: TypeAdapter[str] = TypeAdapter(str)
WHOLE: TypeAdapter[int] = TypeAdapter(int)

DAYS = Collection("days", DayRow, (Key("day", DATE),))
NIGHTS = Collection("nights", NightRow, (Key("day", DATE),))
ACTIVITIES = Collection("activities", ActivityRow, (Key("started_at", INSTANT), Key("activity_id", TEXT)))
EFFECTS = Collection("effects", EffectRow, (Key("rank", WHOLE), Key("outcome", TEXT), Key("exposure", TEXT)))
BASELINES = Collection("baselines", BaselineRow, (Key("metric", TEXT),))
POPULATION = Collection(
    "population",
    PopulationRow,
    (Key("outcome", TEXT), Key("factor", TEXT), Key("basis", TEXT), Key("lag_days", WHOLE)),
)
# Trials have no rank and come first, then the proposals, best first.
EXPERIMENTS = Collection(
    "experiments", ExperimentRow, (Key("rank", WHOLE, null_as=0), Key("experiment_id", TEXT))
)
COVERAGE = Collection("coverage", CoverageRow, (Key("day", DATE), Key("kind", TEXT)))

ALL: tuple[Collection[Any], ...] = (
    DAYS, NIGHTS, ACTIVITIES, BASELINES, EFFECTS, POPULATION, EXPERIMENTS, COVERAGE,
)  # fmt: skip
