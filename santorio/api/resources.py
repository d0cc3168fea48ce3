"""The resources of the API: each is a view of the read model with the schema of its items."""

import datetime as dt
from typing import Any

from pydantic import TypeAdapter

from santorio.api.pagination import Resource
from santorio.api.schemas.analyses import BaselineRead, EffectRead, PopulationRead
from santorio.api.schemas.days import ActivityRead, CoverageRead, DayRead, NightRead
from santorio.api.schemas.trials import ExperimentRead, TrialRead
from santorio.warehouse import read_model

DATE: TypeAdapter[dt.date] = TypeAdapter(dt.date)
INSTANT: TypeAdapter[dt.datetime] = TypeAdapter(dt.datetime)
TEXT: TypeAdapter[str] = TypeAdapter(str)
INTEGER: TypeAdapter[int] = TypeAdapter(int)

DAYS = Resource("days", read_model.DAYS, DayRead, (DATE,))
NIGHTS = Resource("nights", read_model.NIGHTS, NightRead, (DATE,))
ACTIVITIES = Resource("activities", read_model.ACTIVITIES, ActivityRead, (INSTANT, TEXT))
BASELINES = Resource("baselines", read_model.BASELINES, BaselineRead, (TEXT,))
EFFECTS = Resource("effects", read_model.EFFECTS, EffectRead, (INTEGER, TEXT, TEXT))
POPULATION = Resource("population", read_model.POPULATION, PopulationRead, (TEXT, TEXT, TEXT, INTEGER))
TRIALS = Resource("trials", read_model.TRIALS, TrialRead, (INTEGER, TEXT))
# Deprecated name and fields of TRIALS.
EXPERIMENTS = Resource("experiments", read_model.TRIALS, ExperimentRead, (INTEGER, TEXT))
COVERAGE = Resource("coverage", read_model.COVERAGE, CoverageRead, (DATE, TEXT))

ALL: tuple[Resource[Any], ...] = (
    DAYS,
    NIGHTS,
    ACTIVITIES,
    BASELINES,
    EFFECTS,
    POPULATION,
    TRIALS,
    COVERAGE,
)
