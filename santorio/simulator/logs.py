"""What the simulated person writes down: caffeine, alcohol, weight in CSV; mood, supplements in JSON."""

import csv
import datetime as dt
import io
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from santorio.simulator.behaviour import GRAMS_A_DRINK, Serving
from santorio.simulator.payloads.ranges import weighed
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.rng import stream
from santorio.simulator.trial import TRIAL

COLUMNS = ("time", "kind", "name", "value", "unit", "note")
SUNDAY = 6

type Entry = dict[str, Any]


def by_hand_csv(life: SimulatedPerson) -> bytes:
    """Caffeine, alcohol and the odd weight, in order of time."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for day in range(life.clock.days):
        writer.writerows(sorted(_day_in_csv(life, day), key=_instant))
    return text.getvalue().encode()


def by_hand_jsonl(life: SimulatedPerson) -> bytes:
    """Mood every evening, or nearly, and the magnesium that was really taken."""
    lines: list[bytes] = []
    for day in range(life.clock.days):
        entries = sorted(_day_in_jsonl(life, day), key=_instant)
        lines += [orjson.dumps(entry) + b"\n" for entry in entries]
    return b"".join(lines)


def _day_in_csv(life: SimulatedPerson, day: int) -> Iterator[Entry]:
    if life.clock.date(day).weekday() == SUNDAY and not weighed(life, day) and not life.clock.abroad(day):
        minute = 540 + int(stream(life.seed, "weight log", day).integers(0, 30))
        yield _entry(life, day, minute, "weight", value=float(life.body.weight_kg[day]), unit="kg")
    for cup in life.coffee(day):
        yield _entry(life, day, cup.minute, "caffeine", name=cup.name, value=cup.amount, unit="mg")
    for glass in life.alcohol(day):
        yield _entry(life, day, glass.minute, "alcohol", name=glass.name, **_amount(glass))


def _instant(entry: Mapping[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(entry["time"])


def _amount(glass: Serving) -> dict[str, Any]:
    """Beer is counted in drinks, the rest is written in grams: people do both."""
    if glass.name == "beer":
        return {"value": glass.amount / GRAMS_A_DRINK, "unit": "drinks"}
    return {"value": glass.amount, "unit": "g"}


def _day_in_jsonl(life: SimulatedPerson, day: int) -> Iterator[Entry]:
    rng = stream(life.seed, "evening log", day)
    mood_minute, dose_minute = rng.integers(1230, 1300, 2).tolist()
    if rng.random() < 0.93:
        yield _entry(life, day, mood_minute, "mood", value=int(life.body.mood[day]))
    dose = 0.0 if life.trial is None else life.trial.dose_mg(day)
    if dose > 0:
        yield _entry(life, day, dose_minute, "supplement", name=TRIAL, value=dose, unit="mg")


def _entry(life: SimulatedPerson, day: int, minute: int, kind: str, **fields: Any) -> Entry:
    instant = life.clock.instant(day, minute)
    zone = dt.timezone(dt.timedelta(seconds=life.clock.offset(instant)))
    return {"time": dt.datetime.fromtimestamp(instant, zone).isoformat(), "kind": kind, **fields}
