"""Query parameters of the resources. Unknown parameters are refused, so that a typo cannot widen a response."""

import datetime as dt
import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from santorio.api.pagination import MAX_CURSOR_LENGTH
from santorio.api.schemas.days import CoverageStatus
from santorio.api.schemas.trials import TrialStatus
from santorio.warehouse.read_model import Filter

MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE = 1000, 100
# PostgreSQL text has no NUL, and the server would reject the query.
TEXT_PATTERN = r"^[^\x00]+$"


def _iso_date(value: object) -> object:
    """Refuse seconds since 1970, which Pydantic would accept as a date."""
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise ValueError("is not a date such as 2026-03-01")
    return value


IsoDate = Annotated[dt.date, BeforeValidator(_iso_date)]
Name = Annotated[str, Field(max_length=200, pattern=TEXT_PATTERN)]


class PageQuery(BaseModel):
    """Parameters of every collection."""

    model_config = ConfigDict(extra="forbid")

    cursor: str | None = Field(
        None,
        max_length=MAX_CURSOR_LENGTH,
        description="`next_cursor` of the previous page; the first page without it.",
    )
    limit: int = Field(DEFAULT_PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE, description="Maximum number of items.")

    @property
    def filters(self) -> list[Filter]:
        """Comparisons that rows must meet."""
        return []

    @property
    def descending(self) -> bool:
        """Whether the order is reversed."""
        return False


class DaysQuery(PageQuery):
    """Parameters of collections of days."""

    first: IsoDate | None = Field(None, alias="from", description="First day, inclusive.")
    last: IsoDate | None = Field(None, alias="to", description="Last day, inclusive.")
    order: Literal["asc", "desc"] = Field("asc", description="`asc`: oldest first; `desc`: newest first.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first is not None and self.last is not None and self.first > self.last:
            raise ValueError("`from` is after `to`")
        return self

    @property
    def filters(self) -> list[Filter]:
        """Comparisons that rows must meet."""
        bounds = [Filter("day", ">=", self.first), Filter("day", "<=", self.last)]
        return [bound for bound in bounds if bound.value is not None]

    @property
    def descending(self) -> bool:
        """Whether the newest day comes first."""
        return self.order == "desc"


class CoverageQuery(DaysQuery):
    """Parameters of the coverage ledger."""

    kind: Name | None = Field(None, description="Only this kind of payload.")
    status: CoverageStatus | None = Field(None, description="Only this status; `missing` are the gaps.")

    @property
    def filters(self) -> list[Filter]:
        """Comparisons that rows must meet."""
        return [*super().filters, *_equal(kind=self.kind, status=self.status)]


class EffectsQuery(PageQuery):
    """Parameters of the effects."""

    outcome: Name | None = Field(None, description="Only effects on this metric.")
    exposure: Name | None = Field(None, description="Only effects of this exposure.")

    @property
    def filters(self) -> list[Filter]:
        """Comparisons that rows must meet."""
        return _equal(outcome=self.outcome, exposure=self.exposure)


class PopulationQuery(PageQuery):
    """Parameters of the pooled effects."""

    outcome: Name | None = Field(None, description="Only effects on this metric.")
    factor: Name | None = Field(None, description="Only effects of this exposure or intervention.")

    @property
    def filters(self) -> list[Filter]:
        """Comparisons that rows must meet."""
        return _equal(outcome=self.outcome, factor=self.factor)


class BaselinesQuery(PageQuery):
    """Parameters of the baselines."""

    metric: Name | None = Field(None, description="Only this metric.")

    @property
    def filters(self) -> list[Filter]:
        """Comparisons that rows must meet."""
        return _equal(metric=self.metric)


class TrialsQuery(PageQuery):
    """Parameters of the trials and proposals."""

    kind: Literal["trial", "proposal"] | None = Field(None, description="Only trials, or only proposals.")
    status: TrialStatus | None = Field(None, description="Only this status.")

    @property
    def filters(self) -> list[Filter]:
        """Comparisons that rows must meet."""
        return _equal(kind=self.kind, status=self.status)


def _equal(**values: str | None) -> list[Filter]:
    return [Filter(column, "=", value) for column, value in values.items() if value is not None]
