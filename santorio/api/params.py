"""What a caller may ask of each collection. Unknown parameters are refused: a typo must not widen it."""

import datetime as dt
import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from santorio.api.pagination import CURSOR_CHARACTERS, Filter
from santorio.api.schemas import ExperimentStatus

MOST_ROWS, USUAL_ROWS = 1000, 100
# PostgreSQL has no NUL in its text, and would refuse the whole query.
TEXT_PATTERN = r"^[^\x00]+$"


def _iso_date(value: object) -> object:
    """Refuse what Pydantic would take as well: seconds since 1970."""
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise ValueError("is no date such as 2026-03-01")
    return value


IsoDate = Annotated[dt.date, BeforeValidator(_iso_date)]
Name = Annotated[str, Field(max_length=200, pattern=TEXT_PATTERN)]


class PageQuery(BaseModel):
    """Which page."""

    model_config = ConfigDict(extra="forbid")

    cursor: str | None = Field(
        None,
        max_length=CURSOR_CHARACTERS,
        description="`next_cursor` of the page before; none for the first.",
    )
    limit: int = Field(USUAL_ROWS, ge=1, le=MOST_ROWS, description="Most rows to answer with (count).")

    @property
    def filters(self) -> list[Filter]:
        """Comparisons that rows must meet."""
        return []

    @property
    def descending(self) -> bool:
        """Whether the last row in order comes first."""
        return False


class DaysQuery(PageQuery):
    """Which page of which days."""

    first: IsoDate | None = Field(None, alias="from", description="First day, itself included.")
    last: IsoDate | None = Field(None, alias="to", description="Last day, itself included.")
    order: Literal["asc", "desc"] = Field("asc", description="`asc`: oldest first; `desc`: newest first.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first is not None and self.last is not None and self.first > self.last:
            raise ValueError("`from` is after `to`")
        return self

    @property
    def filters(self) -> list[Filter]:
        """Comparisons that rows must meet."""
        bounds = (("day", ">=", self.first), ("day", "<=", self.last))
        return [Filter(*bound) for bound in bounds if bound[2] is not None]

    @property
    def descending(self) -> bool:
        """Whether the newest comes first."""
        return self.order == "desc"


class CoverageQuery(DaysQuery):
    """Which page of the ledger."""

    kind: Name | None = Field(None, description="Only this kind of payload.")
    status: Literal["fetched", "empty", "failed", "provisional", "final", "missing"] | None = Field(
        None, description="Only days of this status; `missing` are the gaps."
    )

    @property
    def filters(self) -> list[Filter]:
        """Comparisons that rows must meet."""
        return [*super().filters, *_equal(kind=self.kind, status=self.status)]


class EffectsQuery(PageQuery):
    """Which page of which effects."""

    outcome: Name | None = Field(None, description="Only effects on this metric.")
    exposure: Name | None = Field(None, description="Only effects of this exposure.")

    @property
    def filters(self) -> list[Filter]:
        """Comparisons that rows must meet."""
        return _equal(outcome=self.outcome, exposure=self.exposure)


class PopulationQuery(PageQuery):
    """Which page of what people have in common."""

    outcome: Name | None = Field(None, description="Only of this metric.")
    factor: Name | None = Field(None, description="Only of this exposure or lever.")

    @property
    def filters(self) -> list[Filter]:
        """Comparisons that rows must meet."""
        return _equal(outcome=self.outcome, factor=self.factor)


class BaselinesQuery(PageQuery):
    """Which page of which baselines."""

    metric: Name | None = Field(None, description="Only this metric.")

    @property
    def filters(self) -> list[Filter]:
        """Comparisons that rows must meet."""
        return _equal(metric=self.metric)


class ExperimentsQuery(PageQuery):
    """Which page of which experiments."""

    kind: Literal["trial", "proposal"] | None = Field(None, description="Only trials, or only proposals.")
    status: ExperimentStatus | None = Field(None, description="Only experiments of this status.")

    @property
    def filters(self) -> list[Filter]:
        """Comparisons that rows must meet."""
        return _equal(kind=self.kind, status=self.status)


def _equal(**wanted: str | None) -> list[Filter]:
    return [Filter(column, "=", value) for column, value in wanted.items() if value is not None]
