"""One entry of a manual log, from CSV or JSON: its kind, its unit, its time."""

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from santorio import local_time
from santorio.people import Person
from santorio.storage.event_log import Event
from santorio.storage.parse_result import Rejection, is_future

# A standard drink of the United States holds 14 g of alcohol (NIAAA); a unit of the United Kingdom 8 g.
GRAMS_PER_DRINK, GRAMS_PER_UK_UNIT = 14.0, 8.0
WEIGHT_UNITS = {"kg": 1.0, "g": 0.001, "lb": 0.45359237, "lbs": 0.45359237}
CAFFEINE_UNITS = {"mg": 1.0, "g": 1000.0}
ALCOHOL_UNITS = {"g": 1.0} | dict.fromkeys(("drink", "drinks"), GRAMS_PER_DRINK)
ALCOHOL_UNITS |= dict.fromkeys(("unit", "units", "uk_unit", "uk_units"), GRAMS_PER_UK_UNIT)
TIME_NAMES = ("time", "datetime", "timestamp", "date", "day")
VALUE_NAMES = ("value", "amount", "rating")
KNOWN_FIELDS = {*TIME_NAMES, *VALUE_NAMES, "kind", "type", "name", "unit", "note"}


class EntryRejected(Exception):
    """Why an entry is rejected: a code, and a sentence that does not quote the entry."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


Content = dict[str, object]


def _converted(value: float, unit: str, units: Mapping[str, float], default: str) -> float:
    """An amount in the unit that is stored; without a unit it is in the default one."""
    factor = units.get(unit.lower() or default)
    if factor is None:
        names = ", ".join(units)
        raise EntryRejected("unknown_unit", f"Unknown unit for this kind. Use one of: {names}.")
    return value * factor


def _positive(value: float) -> float:
    if value < 0:
        raise EntryRejected("out_of_range", "The amount is negative. Correct it and import the file again.")
    return value


def _weight(value: float, unit: str, _name: str) -> Content:
    kilograms = _converted(value, unit, WEIGHT_UNITS, "kg")
    # From a newborn to more than the heaviest person on record: outside it the unit is wrong.
    if not 2 <= kilograms <= 700:
        raise EntryRejected(
            "out_of_range", "Not a body weight. Correct the value or its unit and import the file again."
        )
    return {"weight_kg": round(kilograms, 4)}


def _mood(value: float, _unit: str, _name: str) -> Content:
    return {"rating": value}


def _caffeine(value: float, unit: str, _name: str) -> Content:
    return {"amount_mg": _positive(_converted(value, unit, CAFFEINE_UNITS, "mg"))}


def _alcohol(value: float, unit: str, _name: str) -> Content:
    return {"amount_g": _positive(_converted(value, unit, ALCOHOL_UNITS, "drinks"))}


def _supplement(value: float | None, unit: str, name: str) -> Content:
    if not name:
        raise EntryRejected("missing_name", "A supplement needs a name. Fill the column “name”.")
    # Without an amount the entry states that it was taken.
    amount = None if value is None else _positive(value)
    return {"name": name, "amount": amount, "unit": unit or None}


def _measure(value: float, unit: str, name: str) -> Content:
    if not name:
        raise EntryRejected("missing_name", "A measure needs a name. Fill the column “name”.")
    return {"name": name, "value": value, "unit": unit or None}


# Each takes the value, the unit and the name of an entry, and returns the event's data.
KINDS: Mapping[str, Callable[[float, str, str], Content]] = {
    "weight": _weight,
    "mood": _mood,
    "caffeine": _caffeine,
    "alcohol": _alcohol,
    "supplement": _supplement,
    "measure": _measure,
}


class LogReader:
    """Turns the entries of one file into events; equal entries are numbered, so that two coffees at nine are two."""

    def __init__(self, person: Person, now: dt.datetime) -> None:
        self.person, self.now = person, now
        self.seen: Counter[str] = Counter()

    def read(self, fields: Mapping[str, object], location: str) -> Event | Rejection:
        """Read one entry: keys in lower case, values as text or numbers."""
        try:
            return self._event(fields)
        except EntryRejected as error:
            return Rejection(error.code, error.reason, location)

    def _event(self, fields: Mapping[str, object]) -> Event:
        kind = text(fields.get("kind", fields.get("type"))).lower()
        if kind not in KINDS:
            names = ", ".join(KINDS)
            raise EntryRejected("unknown_kind", f"Unknown kind. Use one of: {names}.")
        when, offset, grain = read_time(_first_filled(fields, TIME_NAMES), self.person.timezone)
        number = self._value(fields, kind)
        name, unit = text(fields.get("name")), text(fields.get("unit"))
        data = KINDS[kind](number, unit, name)  # type: ignore[arg-type]
        if kind == "measure":
            data["grain"] = grain
        if note := text(fields.get("note")):
            data["note"] = note
        if other := {key: value for key, value in fields.items() if key not in KNOWN_FIELDS and text(value)}:
            data["other"] = other
        return self.event(kind, f"{kind}/{name.lower()}", when, offset, grain, data)

    def _value(self, fields: Mapping[str, object], kind: str) -> float | None:
        """The entry's value; only a supplement may have none."""
        value = _first_filled(fields, VALUE_NAMES)
        if value is not None:
            return read_number(value)
        if kind == "supplement":
            return None
        raise EntryRejected("missing_value", "The entry has no value. Fill the column “value”.")

    def event(
        self, kind: str, about: str, when: dt.datetime, offset: dt.timedelta, grain: str, data: Content
    ) -> Event:
        """Make an event.

        Parameters
        ----------
        about
            The subject of the entry, for its natural key: equal entries of one time are numbered.

        Raises
        ------
        EntryRejected
            If it lies in the future.
        """
        if is_future(when, self.now):
            raise EntryRejected(
                "future", "The entry lies in the future. Correct its date and import the file again."
            )
        stated = when.astimezone(dt.UTC).isoformat()
        if grain == "day":
            stated = (when + offset).date().isoformat()
        key = f"{about}/{stated}"
        self.seen[key] += 1
        if self.seen[key] > 1:
            key = f"{key}#{self.seen[key]}"
        return Event(
            user_id=self.person.user_id,
            time=when,
            utc_offset=offset,
            event_type=kind,
            source="log",
            natural_key=key,
            data=data,
        )


def _first_filled(fields: Mapping[str, object], names: Iterable[str]) -> object:
    """Return the first field that is not blank; None if all are blank."""
    for name in names:
        if text(fields.get(name)):
            return fields[name]
    return None


def text(value: object) -> str:
    """Return a field as text; None as the empty text."""
    return "" if value is None else str(value).strip()


def read_number(value: object) -> float:
    """Read a finite number.

    Raises
    ------
    EntryRejected
        If it is not one.
    """
    # True is an integer to Python: as text it is not a number.
    if isinstance(value, bool) or not isinstance(value, int | float):
        value = text(value)
    try:
        number = float(value)
    except ValueError:
        raise EntryRejected("not_a_number", "Not a number. Correct it and import the file again.") from None
    if not math.isfinite(number):
        raise EntryRejected("not_a_number", "Not a finite number. Correct it and import the file again.")
    return number


def read_time(value: object, zone: str) -> tuple[dt.datetime, dt.timedelta, str]:
    """Read an ISO 8601 time or date: the instant, the offset, and the grain (`instant` or `day`).

    Without an offset the time is in the person's zone. A bare date is the complete local day; its instant is noon.

    Raises
    ------
    EntryRejected
        If it is neither, or outside 1990 to 2200.
    """
    # People write 8:30 where ISO 8601 has 08:30. Its week dates (2026-W09) are not accepted.
    stated = re.sub(r"(?<=[T ])(\d:\d\d)", r"0\1", text(value), count=1)
    try:
        if not re.match(r"\d{4}-\d\d-\d\d(?!\d)", stated):
            raise ValueError
        time = dt.datetime.fromisoformat(stated)
    except ValueError:
        raise EntryRejected(
            "bad_time",
            "The time is not written as 2026-03-01 or 2026-03-01T08:30+01:00. Correct it and import again.",
        ) from None
    if not 1990 <= time.year <= 2200:
        raise EntryRejected(
            "bad_time", "The year is not between 1990 and 2200. Correct it and import the file again."
        )
    grain = "instant"
    if len(stated) <= len("2026-03-01"):
        grain, time = "day", time.replace(hour=12)
    offset = time.utcoffset() if time.tzinfo else local_time.zone_offset(time, zone)
    assert offset is not None  # noqa: S101 - an aware time has an offset
    return (time.replace(tzinfo=None) - offset).replace(tzinfo=dt.UTC), offset, grain
