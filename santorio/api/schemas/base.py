"""What the schemas of several resources share: types of fields, and the model that they extend."""

import datetime as dt
import uuid
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer


def _clock_offset(offset: dt.timedelta) -> str:
    """Write an offset as +02:00."""
    sign = "-" if offset < dt.timedelta(0) else "+"
    hours, seconds = divmod(int(abs(offset).total_seconds()), 3600)
    return f"{sign}{hours:02}:{seconds // 60:02}"


def _text(value: object) -> object:
    """Accept names that are numbers: protocols are written by hand, and an arm may be called 0."""
    return value if isinstance(value, str) else str(value)


Offset = Annotated[
    dt.timedelta,
    PlainSerializer(_clock_offset, return_type=Annotated[str, Field(pattern=r"^[+-]\d{2}:\d{2}$")]),
]
OFFSET = Field(description="The person's local time minus UTC.", examples=["+02:00"])
Day = Annotated[dt.date, Field(description="The person's local calendar day.")]
Name = Annotated[str, BeforeValidator(_text)]
AsOf = Annotated[dt.datetime, Field(description="Ingestion time of the newest event that this is based on.")]
RunId = Annotated[uuid.UUID, Field(description="Run that computed this.")]
CodeVersion = Annotated[str, Field(description="Code that computed this: version and hash of the sources.")]


# Bounds of equal-tailed posterior intervals, in the unit of what they are of.
Lower50 = Annotated[float, Field(description="Lower bound of the 50 % interval.")]
Upper50 = Annotated[float, Field(description="Upper bound of the 50 % interval.")]
Lower80 = Annotated[float, Field(description="Lower bound of the 80 % interval.")]
Upper80 = Annotated[float, Field(description="Upper bound of the 80 % interval.")]
Lower95 = Annotated[float, Field(description="Lower bound of the 95 % interval.")]
Upper95 = Annotated[float, Field(description="Upper bound of the 95 % interval.")]


class ResourceRead(BaseModel):
    """An item of a resource, without the person: the token identifies them."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)
