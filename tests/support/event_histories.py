"""People's histories drawn at random: every kind of event, in any order, corrected, moved, deleted and told again.

Days, numbers and keys come from small pools, so that what is drawn meets: two tellers of one day, overlapping sessions,
corrections that move an event to another day, tombstones of what comes again.
"""

import datetime as dt
import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg

from santorio.people import Person, ensure_person
from santorio.storage.activity_records import Recording, write_recordings
from santorio.storage.event_log import Event, write_events

FIRST = dt.date(2026, 3, 20)  # clocks change within
DAYS = 12
ZONES = ["Europe/Berlin", "UTC", "America/New_York", "Pacific/Auckland", "Asia/Kolkata", "Mars/Olympus"]
SPORTS = ["running", "trail_running", "cycling", "other", "strength_training", "multi_sport"]

Draw = random.Random
Payload = tuple[str, dict[str, Any]]
"""Event type and content."""


@dataclass
class History:
    """One person's events as they come about; `draw` decides everything."""

    person: Person
    draw: Draw
    told: list[Event] = field(default_factory=list)

    def next_batch(self, connection: psycopg.Connection, acts: int) -> None:
        """Let some things happen, in one transaction."""
        for _ in range(acts):
            self.draw.choices(
                [self._tell, self._correct, self._delete, self._move_home, self._settle],
                weights=[68, 14, 9, 3, 6],
            )[0](connection)

    def _tell(self, connection: psycopg.Connection) -> None:
        source, make = self.draw.choice(MAKERS)
        day = self._day()
        event_type, data = make(self.draw, day)
        key = f"{self.draw.choice('78')}/{day}/{self.draw.randint(0, 2)}"
        self._write(connection, source, event_type, key, day, data)

    def _correct(self, connection: psycopg.Connection) -> None:
        """A newer version of what was told, perhaps about another day, perhaps of another shape."""
        if not self.told:
            return
        old = self.draw.choice(self.told)
        day = self._day() if self.draw.random() < 0.4 else _day_of(old)
        data: dict[str, Any] = {}
        if self.draw.random() < 0.9:
            make = next(make for _, make in MAKERS if make(random.Random(0), day)[0] == old.event_type)
            data = make(self.draw, day)[1]
        self._write(connection, old.source, old.event_type, old.natural_key, day, data)

    def _delete(self, connection: psycopg.Connection) -> None:
        if not self.told:
            return
        old = self.draw.choice(self.told)
        data = {"event_id": str(old.event_id)}
        key = f"{old.event_id}/{self.draw.randint(0, 3)}"
        moment = dt.datetime.combine(FIRST, dt.time(), dt.UTC)
        write_events(connection, [Event(self.person.user_id, moment, None, "deleted", "log", key, data)])

    def _move_home(self, connection: psycopg.Connection) -> None:
        zone = self.draw.choice(ZONES)
        connection.execute(
            "update ops.people set timezone = %s where user_id = %s", [zone, self.person.user_id]
        )

    def _settle(self, connection: psycopg.Connection) -> None:
        # The ledger reaches further than what was told.
        day = self._day() + dt.timedelta(days=self.draw.choice([0, 0, 9]))
        about = [self.person.user_id, self.draw.choice(["sleep", "stress"]), day]
        if self.draw.random() < 0.2:
            connection.execute(
                "delete from ops.coverage where user_id = %s and kind = %s and day = %s", about
            )
            return
        connection.execute(
            "insert into ops.coverage (user_id, kind, day, status) values (%s, %s, %s, %s)"
            " on conflict (user_id, kind, day) do update set status = excluded.status",
            [*about, self.draw.choice(["fetched", "empty", "failed", "provisional", "final"])],
        )

    def _write(
        self, connection: psycopg.Connection, source: str, event_type: str, key: str, day: dt.date,
        data: dict[str, Any],
    ) -> None:  # fmt: skip
        moment = instant(self.draw, day)
        offset = self.draw.choice(
            [None, dt.timedelta(hours=1), dt.timedelta(hours=2), dt.timedelta(hours=-5)]
        )
        metadata = {"garmin_account": key[0]}
        if source == "garmin":
            metadata["day"] = day.isoformat()
            if event_type.endswith("_zones") or event_type == "garmin.activity_weather":
                metadata["item"] = self.draw.choice(NUMBERS)
                if event_type != "garmin.activity_weather" and self.draw.random() < 0.3:
                    del metadata["item"]
        event = Event(self.person.user_id, moment, offset, event_type, source, key, data, metadata)
        if event_type == "fit.activity" and self.draw.random() < 0.6:
            recording = _recording(self.draw, event)
            metadata["recording_id"] = str(recording.recording_id)
            write_recordings(connection, [recording])
        write_events(connection, [event])
        self.told.append(event)

    def _day(self) -> dt.date:
        return FIRST + dt.timedelta(days=self.draw.randrange(DAYS))


def histories(connection: psycopg.Connection, seed: int, people: int) -> list[History]:
    """Make people of whom nothing is known yet."""
    draw = random.Random(seed)
    return [
        History(
            ensure_person(connection, f"{seed}-{number}", draw.choice(ZONES)),
            random.Random(f"{seed}-{number}"),
        )
        for number in range(people)
    ]


def instant(draw: Draw, day: dt.date) -> dt.datetime:
    """One of few moments of a day: what is drawn twice meets."""
    minutes = draw.choice([0, 1, 7 * 60, 7 * 60 + 1, 8 * 60, 14 * 60 + 59, 15 * 60, 23 * 60 + 30])
    return dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(minutes=minutes)


def _day_of(event: Event) -> dt.date:
    return event.time.date()


NUMBERS = ["101", "102", "103"]
FIELDS: dict[str, list[str]] = {
    "daily_summary": ["totalSteps", "totalDistanceMeters", "restingHeartRate", "maxHeartRate", "averageStressLevel",
                      "bodyBatteryHighestValue", "totalKilocalories", "averageSpo2", "moderateIntensityMinutes"],
    "daily_summary_export": ["totalSteps", "restingHeartRate", "totalKilocalories"],
    "steps": ["totalSteps", "totalDistance"],
    "sleep_score": ["value"],
    "respiration": ["avgWakingRespirationValue", "avgSleepRespirationValue"],
    "spo2": ["averageSpO2", "lowestSpO2"],
    "body_battery": ["charged", "drained"],
    "intensity_minutes": ["moderateMinutes", "vigorousMinutes", "weekGoal"],
    "intensity_summary": ["moderateValue", "vigorousValue", "weeklyGoal"],
    "hydration": ["valueInML", "goalInML"],
    "hydration_log": ["valueInML"],
    "max_metrics_export": ["vo2MaxValue"],
    "fitness_age": ["fitnessAge", "achievableFitnessAge"],
    "training_readiness": ["score", "recoveryTime", "acuteLoad"],
    "endurance_score": ["overallScore"],
    "hill_score": ["overallScore", "strengthScore", "enduranceScore"],
    "race_predictions": ["time5K", "time10K"],
    "cycling_ftp": ["functionalThresholdPower"],
    "heart_rate_zones": ["zone1Floor", "zone2Floor", "zone3Floor", "maxHeartRateUsed"],
    "power_zones": ["zone1Floor", "zone2Floor", "functionalThresholdPower"],
    "blood_pressure": ["systolic", "diastolic", "pulse"],
    "hrv_summary": ["lastNightAvg", "weeklyAvg"],
}  # fmt: skip


def _some(draw: Draw, names: list[str]) -> dict[str, Any]:
    """Some of the fields; of these some null, some none that is a number."""
    chosen = [name for name in names if draw.random() < 0.8]
    return {name: draw.choice([None, "odd", *(draw.randint(1, 90) for _ in range(8))]) for name in chosen}


def _plain(kind: str) -> Callable[[Draw, dt.date], Payload]:
    def make(draw: Draw, day: dt.date) -> Payload:
        about = {"calendarDate": day.isoformat()} if draw.random() < 0.8 else {}
        extra = {"timestamp": f"{day}T0{draw.randint(1, 9)}:00:00"} if draw.random() < 0.3 else {}
        return f"garmin.{kind}", {**about, **extra, **_some(draw, FIELDS[kind])}

    return make


def _ms(moment: dt.datetime) -> int:
    return int(moment.timestamp() * 1000)


def _heart_rate(draw: Draw, day: dt.date) -> Payload:
    values = [[_ms(instant(draw, day)), draw.choice([None, 50, 61, 140])] for _ in range(draw.randint(0, 4))]
    return "garmin.heart_rate", {"calendarDate": day.isoformat(), "restingHeartRate": draw.randint(40, 60),
                                 "heartRateValues": values}  # fmt: skip


def _stress(draw: Draw, day: dt.date) -> Payload:
    values = [[_ms(instant(draw, day)), draw.choice([-1, 10, 33, 71])] for _ in range(draw.randint(0, 5))]
    battery = [[one[0], "MEASURED", draw.randint(5, 99), 2.0] for one in values]
    return "garmin.stress", {"calendarDate": day.isoformat(), "stressValuesArray": values,
                             "bodyBatteryValuesArray": battery}  # fmt: skip


def _sleep(draw: Draw, day: dt.date) -> Payload:
    start = instant(draw, day)
    nap = {
        "napStartTimestampGMT": start.strftime("%Y-%m-%dT%H:%M:%S.0"),
        "napTimeSec": draw.choice([600, 1300]),
    }
    if draw.random() < 0.5:
        nap["calendarDate"] = (day + dt.timedelta(days=draw.randint(-1, 1))).isoformat()
    night = {"calendarDate": day.isoformat(), "sleepTimeSeconds": draw.choice([None, 0, 25000, 28000]),
             "sleepStartTimestampGMT": _ms(start) - 3_600_000, "sleepEndTimestampGMT": _ms(start),
             "sleepScores": {"overall": {"value": draw.randint(1, 99)}}}  # fmt: skip
    naps = [nap] * draw.choice([0, 0, 1, 2])
    return "garmin.sleep", {
        "dailySleepDTO": night,
        "dailyNapDTOS": naps,
        "avgOvernightHrv": draw.choice([None, 44]),
    }


def _hrv(draw: Draw, day: dt.date) -> Payload:
    summary = {"calendarDate": day.isoformat(), "lastNightAvg": draw.choice([None, 40, 51]), "weeklyAvg": 47}
    return "garmin.hrv", {"hrvSummary": summary}


def _lactate(draw: Draw, day: dt.date) -> Payload:
    told = {"heartRate": draw.randint(150, 170), "speed": 0.35}
    if draw.random() < 0.7:
        told["calendarDate"] = day.isoformat()
    power = {"functionalThresholdPower": draw.randint(200, 300)}
    if draw.random() < 0.7:
        power["calendarDate"] = (day + dt.timedelta(days=draw.randint(-2, 2))).isoformat()
    return "garmin.lactate_threshold", {"speed_and_heart_rate": told, "power": power}


def _training_status(draw: Draw, day: dt.date) -> Payload:
    devices = {
        number: {
            "calendarDate": (day + dt.timedelta(days=draw.randint(-1, 0))).isoformat(),
            "primaryTrainingDevice": draw.random() < 0.5,
            "trainingStatusFeedbackPhrase": draw.choice(["PRODUCTIVE_1", "RECOVERY_2"]),
            "timestamp": _ms(instant(draw, day)),
            "acuteTrainingLoadDTO": {"dailyTrainingLoadAcute": draw.randint(1, 900)},
        }
        for number in draw.sample(["11", "12"], draw.randint(1, 2))
    }
    return "garmin.training_status", {"mostRecentTrainingStatus": {"latestTrainingStatusData": devices}}


def _lifestyle(draw: Draw, day: dt.date) -> Payload:
    reports = [
        {"calendarDate": day.isoformat(), "name": name, "logStatus": draw.choice(["YES", "NO", None])}
        for name in draw.choices(["Alcohol", "Late meal"], k=draw.randint(0, 3))
    ]
    return "garmin.lifestyle", {"dailyLogsReport": reports}


def _menstrual(draw: Draw, day: dt.date) -> Payload:
    return "garmin.menstrual_day", {"daySummary": {"dayInCycle": draw.randint(1, 28)},
                                    "dayLog": {"calendarDate": day.isoformat()}}  # fmt: skip


def _nutrition(draw: Draw, day: dt.date) -> Payload:
    return "garmin.nutrition", {"mealDate": day.isoformat(), "dailyNutritionContent": {"calories": draw.randint(1, 3)},
                                "dailyNutritionGoals": {"calories": 2000}}  # fmt: skip


def _weigh_in(draw: Draw, day: dt.date) -> Payload:
    return "garmin.weigh_in", {
        "timestampGMT": _ms(instant(draw, day)),
        "weight": draw.choice([70000, 70040, 70300]),
    }


def _activity(draw: Draw, day: dt.date) -> dict[str, Any]:
    start = instant(draw, day)
    minutes = draw.choice([5, 30, 60, 61, 1000])
    return {
        "activityId": int(draw.choice(NUMBERS)), "startTimeGMT": start.strftime("%Y-%m-%d %H:%M:%S"),
        "startTimeLocal": (start + dt.timedelta(hours=draw.choice([1, 2]))).strftime("%Y-%m-%d %H:%M:%S"),
        "duration": minutes * 60.0, "distance": draw.choice([None, 5000.0, 10000.0]),
        "averageHR": draw.choice([None, 120.0]), "activityTrainingLoad": draw.choice([None, 50.0, 33.3]),
        "activityType": {"typeKey": draw.choice(SPORTS)}, "parent": draw.random() < 0.1,
        "parentId": draw.choice([None, None, None, int(draw.choice(NUMBERS))]),
    }  # fmt: skip


def _listed(draw: Draw, day: dt.date) -> Payload:
    return "garmin.activity", _activity(draw, day)


def _detail(draw: Draw, day: dt.date) -> Payload:
    figures = _activity(draw, day)
    about = {"activityId": figures.pop("activityId"), "activityTypeDTO": figures.pop("activityType")}
    return "garmin.activity_detail", {**about, "summaryDTO": figures}


def _exported(draw: Draw, day: dt.date) -> Payload:
    return "garmin.activity_export", {
        "activityId": int(draw.choice(NUMBERS)), "startTimeGmt": _ms(instant(draw, day)),
        "duration": draw.choice([300_000, 3_600_000]), "activityType": draw.choice(SPORTS),
    }  # fmt: skip


def _laps(draw: Draw, day: dt.date) -> Payload:
    laps = [
        {"startTimeGMT": f"{day}T07:0{number}:00.0", "duration": 60.0} for number in range(draw.randint(0, 3))
    ]
    return "garmin.activity_splits", {"activityId": int(draw.choice(NUMBERS)), "lapDTOs": laps}


def _sets(draw: Draw, _day: dt.date) -> Payload:
    sets = [{"setType": "ACTIVE", "repetitionCount": draw.randint(1, 12)} for _ in range(draw.randint(0, 3))]
    return "garmin.activity_exercise_sets", {"activityId": int(draw.choice(NUMBERS)), "exerciseSets": sets}


def _weather(draw: Draw, _day: dt.date) -> Payload:
    return "garmin.activity_weather", {"temp": draw.choice([None, 50, 68]), "relativeHumidity": 80}


def _fit_activity(draw: Draw, day: dt.date) -> Payload:
    sessions = [
        {
            "start_time": instant(draw, day).isoformat(),
            "sport": draw.choice(SPORTS),
            "total_elapsed_time_s": draw.choice([300, 3600]),
            "avg_heart_rate_bpm": 130,
            "total_distance_m": draw.choice([None, 5001]),
        }
        for _ in range(draw.choice([1, 1, 2, 3]))
    ]
    laps = [
        {"start_time": f"{day}T07:0{number}:00", "total_timer_time_s": 55}
        for number in range(draw.randint(0, 3))
    ]
    return "fit.activity", {"sessions": sessions, "laps": laps}


def _recording(draw: Draw, event: Event) -> Recording:
    """Records of a file's first session, if they are of its time."""
    begin = instant(draw, event.time.date()).timestamp()
    seconds = np.arange(draw.choice([40, 300, 1500]))
    columns = {
        "heart_rate_bpm": np.full(len(seconds), float(draw.choice([120, 150, 171]))),
        "power_w": draw.choice([150.0, 260.0]) + seconds % 7,
    }
    named = hashlib.sha256(f"{event.natural_key}/{draw.randint(0, 2)}".encode()).hexdigest()
    return Recording(event.user_id, named, event.event_id, "fit", begin + seconds, columns)


def _fit_weight(draw: Draw, _day: dt.date) -> Payload:
    return "fit.weight", {
        "scale_users": draw.choice([1, 1, 2]),
        "weight_kg": draw.choice([70.0, 70.04, 70.3]),
    }


def _monitoring(draw: Draw, day: dt.date) -> Payload:
    def at() -> float:
        return (instant(draw, day) + dt.timedelta(days=draw.choice([-1, 0, 0, 0, 1, 2]))).timestamp()

    return "fit.monitoring", {"samples": {
        "heart_rate_bpm": [[at(), draw.randint(45, 150)] for _ in range(draw.randint(0, 4))],
        "stress": [[at(), draw.randint(0, 99)] for _ in range(draw.randint(0, 4))],
        "resting_heart_rate_bpm": [[at(), 47, draw.randint(44, 52)] for _ in range(draw.randint(0, 2))],
        "movement": [{"at": at(), "activity_type": draw.choice(["walking", "running"]), "steps": draw.randint(1, 9000)}
                     for _ in range(draw.randint(0, 4))],
    }}  # fmt: skip


def _caffeine(draw: Draw, _day: dt.date) -> Payload:
    return "caffeine", {"amount_mg": draw.choice([None, 80, 60.5])}


def _alcohol(draw: Draw, _day: dt.date) -> Payload:
    return "alcohol", {"amount_g": draw.choice([12.3, 14])}


def _supplement(draw: Draw, _day: dt.date) -> Payload:
    return "supplement", {"name": draw.choice(["Magnesium", "tea"]), "amount": draw.choice([None, 1, 0.4]),
                          "unit": draw.choice(["mg", "g", "capsule", None])}  # fmt: skip


def _mood(draw: Draw, _day: dt.date) -> Payload:
    return "mood", {"rating": draw.choice([3, 7.5, None])}


def _measure(draw: Draw, _day: dt.date) -> Payload:
    return "measure", {
        "name": draw.choice(["focus", "steps", "mood"]), "value": draw.choice([1.1, 2.3, 3.7, None]),
        "unit": draw.choice(["points", None]), "grain": draw.choice(["day", "instant"]),
        "trial": draw.choice([None, "tea", "magnesium"]), "study_day": draw.choice([None, 1, 2, 3]),
    }  # fmt: skip


def _weight(draw: Draw, _day: dt.date) -> Payload:
    return "weight", {"weight_kg": draw.choice([70.0, 70.3, 70.04])}


def _protocol(draw: Draw, day: dt.date) -> Payload:
    return "trial.protocol", {"trial": draw.choice(["tea", "magnesium"]), "arms": ["without", "with"],
                              "start_day": draw.choice([None, day.isoformat()]), "assignment": [0, 1, 1],
                              "outcome": draw.choice([None, "focus"])}  # fmt: skip


def _schedule(draw: Draw, _day: dt.date) -> Payload:
    return "trial.schedule", {"trial": draw.choice(["tea", "magnesium"]),
                              "assignment": [draw.randint(0, 1) for _ in range(4)]}  # fmt: skip


def _study_day(draw: Draw, day: dt.date) -> Payload:
    return "trial.day", {"trial": draw.choice(["tea", "magnesium"]), "study_day": draw.randint(1, 4),
                         "first_day": draw.choice([None, day.isoformat()]),
                         "arm": draw.choice([None, "with", "without"]),
                         "last_day": draw.choice([None, (day + dt.timedelta(days=1)).isoformat()])}  # fmt: skip


MAKERS: list[tuple[str, Callable[[Draw, dt.date], Payload]]] = [
    *(("garmin", _plain(kind)) for kind in FIELDS),
    *(("garmin", make) for make in (
        _heart_rate, _stress, _sleep, _hrv, _lactate, _training_status, _lifestyle, _menstrual, _nutrition, _weigh_in,
        _listed, _detail, _exported, _laps, _sets, _weather,
    )),
    ("garmin", _weather), ("garmin", _laps), ("garmin", _sets),
    *(("garmin", make) for make in (_listed, _detail, _sleep, _heart_rate, _stress)),
    *(("fit", make) for make in (_fit_activity, _fit_weight, _monitoring, _fit_activity)),
    *(("log", make) for make in (_caffeine, _alcohol, _supplement, _mood, _measure, _weight, _measure)),
    *(("trial", make) for make in (_protocol, _schedule, _study_day)),
]  # fmt: skip
