"""Simulated people in the log, for the benchmark of the warehouse: what their accounts answer, taken in as a sync does.

One person has everything that is fetched by default, the series within a day too, and files of some activities. Of a
thousand people that would be 12 million events a year and more JSON than the disk of a laptop has room for: they have
the kinds that tell a day in one document, a night without its series, activities of the list, logs, a trial, and
published analyses of a year of weekly fits. Twenty of them are simulated and written by the real writer; the others are
their copies under ids of their own.
"""

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import orjson
import psycopg

from santorio.ingest.file_parser import parse_file
from santorio.ingest.formats.garmin.parser import RequestContext, parse_answer
from santorio.ingest.garmin.endpoints import BY_KIND, ENDPOINTS
from santorio.people import Person, ensure_person
from santorio.simulator import Simulation, logs, simulate
from santorio.simulator.payloads import activities, sessions
from santorio.simulator.payloads.fit import activity_fit
from santorio.simulator.server.accounts import Account
from santorio.simulator.server.handlers import ANSWERS
from santorio.simulator.server.visibility import VisibleData
from santorio.storage.activity_records import write_recordings
from santorio.storage.event_log import Event, write_events
from santorio.storage.parse_result import ParseResult

LAST_DAY = dt.date(2026, 3, 20)
ZONE = "Europe/Berlin"
DAYS_A_YEAR = 365
DAYS_A_CALL = 28
DISTINCT = 20
WEEKLY_FITS = 52
# Encoding a FIT file takes 0.2 s, decoding it 0.005 s: the sessions of one day in so many have theirs.
SESSIONS_A_FILE = 10
# Of so many people one has the ledger of all kinds; more would be a second log of ten million rows.
WHOLE_LEDGER_OF = 10

RANGES = {
    "daily_summary": "/usersummary-service/v2/dailysummaries",
    "steps": "/usersummary-service/stats/steps/daily/{first}/{last}",
    "heart_rate_summary": "/usersummary-service/stats/heartRate/daily/{first}/{last}",
    "stress_summary": "/usersummary-service/stats/stress/daily/{first}/{last}",
    "hrv_summary": "/hrv-service/hrv/daily/{first}/{last}",
    "body_battery": "/wellness-service/wellness/bodyBattery/reports/daily",
    "training_readiness": "/metrics-service/metrics/trainingreadiness/{first}/{last}",
    "max_metrics": "/metrics-service/metrics/maxmet/daily/{first}/{last}",
    "hydration": "/usersummary-service/stats/hydration/daily/{first}/{last}",
    "blood_pressure": "/bloodpressure-service/bloodpressure/range/{first}/{last}",
    "weigh_in": "/weight-service/weight/range/{first}/{last}",
    "hill_score": "/metrics-service/metrics/hillscore/stats",
    "race_predictions": "/metrics-service/metrics/racepredictions/daily/{name}",
}
DAYS = {
    "sleep": "/wellness-service/wellness/dailySleepData/{name}",
    "hrv": "/hrv-service/hrv/{date}",
    "heart_rate": "/wellness-service/wellness/dailyHeartRate/{name}",
    "stress": "/wellness-service/wellness/dailyStress/{date}",
    "respiration": "/wellness-service/wellness/daily/respiration/{date}",
    "spo2": "/wellness-service/wellness/daily/spo2/{date}",
    "steps_intervals": "/wellness-service/wellness/dailySummaryChart/{name}",
    "floors": "/wellness-service/wellness/floorsChartData/daily/{date}",
    "intensity_minutes": "/wellness-service/wellness/daily/im/{date}",
    "body_battery_events": "/wellness-service/wellness/bodyBattery/events/{date}",
    "training_status": "/metrics-service/metrics/trainingstatus/aggregated/{date}",
    "endurance_score": "/metrics-service/metrics/endurancescore",
    "lifestyle": "/lifestylelogging-service/dailyLog/{date}",
    "nutrition": "/nutrition-service/food/logs/{date}",
}
SESSIONS = {
    "activity_detail": sessions.detail,
    "activity_samples": sessions.samples,
    "activity_splits": sessions.splits,
    "activity_weather": sessions.weather,
    "activity_exercise_sets": sessions.exercise_sets,
}
LIGHT = ("daily_summary", "hrv_summary", "weigh_in", "sleep")
SERIES_OF_A_NIGHT = {"sleepMovement", "sleepLevels", "sleepHeartRate", "sleepStress", "sleepBodyBattery", "hrvData",
                     "wellnessEpochRespirationDataDTOList", "wellnessEpochSPO2DataDTOList", "sleepRestlessMoments",
                     "breathingDisruptionData"}  # fmt: skip


class SimulatedLog:
    """Everything that one simulated person's account, watch and hand tell, as events."""

    def __init__(self, simulation: Simulation, person: Person) -> None:
        self.life, self.person = simulation.life, person
        self.now = dt.datetime.combine(LAST_DAY + dt.timedelta(days=3), dt.time(12), dt.UTC)
        self._account = Account("bench@example.org", "bench", simulation)
        self._known = VisibleData(self.life, self.now)
        by_hand = (logs.by_hand_csv(self.life), logs.by_hand_jsonl(self.life))
        self._by_hand = [one for content in by_hand for one in parse_file(content, person, self.now).events]
        assert self.life.trial is not None, "A life is too short for a trial."  # noqa: S101
        protocol = orjson.dumps(self.life.trial.protocol(self.life.clock.first_day))
        self.protocol = parse_file(protocol, person, self.now)

    def whole(self, days: range) -> Iterator[ParseResult]:
        """Give what a sync of all default kinds takes in of some days, some days at a time."""
        for part in itertools.batched(days, DAYS_A_CALL):
            span = range(part[0], part[-1] + 1)
            yield from (self._range(kind, span) for kind in RANGES)
            yield from (self._day(kind, day) for day in span for kind in DAYS)
            yield from self._sessions(span)
            yield self._logs(span)

    def light(self, days: range) -> Iterator[Event]:
        """Give the kinds that tell a day in one line."""
        for part in itertools.batched(days, DAYS_A_CALL):
            span = range(part[0], part[-1] + 1)
            told = [self._range(kind, span) for kind in LIGHT if kind in RANGES]
            told += [self._day(kind, day) for day in span for kind in LIGHT if kind in DAYS]
            told += [self._list(span), self._logs(span)]
            for event in (one for parsed in told for one in parsed.events):
                kept = {key: value for key, value in event.data.items() if key not in SERIES_OF_A_NIGHT}
                yield replace(event, data=kept) if len(kept) < len(event.data) else event

    def _range(self, kind: str, days: range) -> ParseResult:
        first, last = (self.life.clock.date(day).isoformat() for day in (days[0], days[-1]))
        answer = ANSWERS[RANGES[kind]](self._account, self._known, {"first": first, "last": last})
        return self._parsed(kind, answer, RequestContext())

    def _day(self, kind: str, day: int) -> ParseResult:
        date = self.life.clock.date(day)
        answer = ANSWERS[DAYS[kind]](self._account, self._known, {"date": date.isoformat()})
        return self._parsed(kind, answer, RequestContext(day=date))

    def _list(self, days: range) -> ParseResult:
        listed = [activities.activity(self.life, day, one) for day in days for one in self.life.workouts(day)]
        return self._parsed("activity", listed, RequestContext())

    def _sessions(self, days: range) -> Iterator[ParseResult]:
        yield self._list(days)
        for day, workout in ((at, one) for at in days for one in self.life.workouts(at)):
            number = str(activities.activity(self.life, day, workout)["activityId"])
            for kind, make in SESSIONS.items():
                asked = RequestContext(day=self.life.clock.date(day), item=number)
                yield self._parsed(kind, make(self.life, day, workout), asked)
            if day % SESSIONS_A_FILE == 0:
                yield parse_file(activity_fit(self.life, day, workout), self.person, self.now)

    def _logs(self, days: range) -> ParseResult:
        start, end = (self.life.clock.bounds(day)[at] for at, day in ((0, days[0]), (1, days[-1])))
        events = [one for one in self._by_hand if start <= one.time.timestamp() < end]
        return ParseResult(kind="log", events=events)

    def _parsed(self, kind: str, answer: object, asked: RequestContext) -> ParseResult:
        return parse_answer(BY_KIND[kind], answer, asked, self.person, self.now)


def write_whole(connection: psycopg.Connection, told: Iterable[ParseResult]) -> None:
    """Write what a person's log tells, some payloads at a time, and note in the ledger what was asked for."""
    for batch in itertools.batched(told, 500):
        write_events(connection, [event for parsed in batch for event in parsed.events])
        write_recordings(connection, [one for parsed in batch for one in parsed.recordings])
        connection.commit()


def write_ledger(connection: psycopg.Connection, first: dt.date, last: dt.date, kinds: Sequence[str]) -> None:
    """Fill the ledger of everybody who has none of these days: fetched and final, with a hole in 50 days."""
    connection.execute(
        """
        insert into ops.coverage (user_id, kind, day, status, fetched_at, requested_at)
        select people.user_id, kind, day::date, 'final', day + interval '3 days', day + interval '3 days'
        from (select user_id, row_number() over (order by name) as number from ops.people) as people
        cross join lateral unnest(
          case when number %% %(whole_of)s = 1 then %(all)s::text[] else %(kinds)s::text[] end
        ) as kind
        cross join generate_series(%(first)s::timestamp, %(last)s::timestamp, interval '1 day') as day
        where hashtextextended(kind || day, 7) %% 50 <> 0
        on conflict do nothing
        """,
        {
            "first": first,
            "last": last,
            "kinds": list(kinds),
            "all": every_kind(),
            "whole_of": WHOLE_LEDGER_OF,
        },
    )
    connection.commit()


def every_kind() -> list[str]:
    """Kinds of days that are fetched without being asked for by name."""
    return [one.kind for one in ENDPOINTS if one.grain == "days" and one.is_default]


def one_person(connection: psycopg.Connection, days: int) -> SimulatedLog:
    """Simulate somebody's whole life; nothing is written yet."""
    person = ensure_person(connection, "person 0001", ZONE)
    connection.commit()
    return SimulatedLog(simulate(days=days, seed=1, last_day=LAST_DAY, timezone=ZONE), person)


def write_people(connection: psycopg.Connection, people: int, days: range, life_days: int) -> None:
    """Write a year of many people: some are simulated, the others have copies of their days under ids of their own."""
    distinct = min(people, DISTINCT)
    for number in range(1, distinct + 1):
        person = ensure_person(connection, f"person {number:04}", ZONE)
        simulation = simulate(
            days=life_days, seed=number, last_day=LAST_DAY, timezone=ZONE, profile=81_000_000 + number
        )
        log = SimulatedLog(simulation, person)
        write_events(connection, [*log.protocol.events, *log.light(days)])
        connection.commit()
    if people > distinct:
        _copy_people(connection, people, distinct)


_MAKE_PEOPLE = """
insert into ops.people (name, timezone)
select 'person ' || lpad(number::text, 4, '0'), %(zone)s
from generate_series(%(distinct)s + 1, %(people)s) as number
on conflict (name) do nothing
"""
# What came in of the simulated people last, once more for everybody who is made after them.
_COPY = """
insert into raw.events
  (event_id, content_hash, user_id, time, utc_offset, event_type, source, data, metadata, confidence, ingested_at)
select md5(event_id::text || copies.user_id::text)::uuid, content_hash, copies.user_id, time, utc_offset, event_type,
       source, data, metadata, confidence, ingested_at
from ops.people as originals
inner join ops.people as copies
  on (right(copies.name, 4)::int - 1) %% %(distinct)s + 1 = right(originals.name, 4)::int
    and copies.user_id <> originals.user_id
inner join raw.events as events on events.user_id = originals.user_id
where right(originals.name, 4)::int <= %(distinct)s and events.ingested_at > %(since)s
"""


def _copy_people(connection: psycopg.Connection, people: int, distinct: int) -> None:
    wanted = {"zone": ZONE, "people": people, "distinct": distinct}
    connection.execute(_MAKE_PEOPLE, wanted)
    newest = connection.execute(
        """
        select coalesce(max(ingested_at), '2000-01-01') from raw.events
        where user_id in (select user_id from ops.people where right(name, 4)::int > %s)
        """,
        [distinct],
    ).fetchone()
    since = newest[0] if newest else None
    connection.execute(_COPY, wanted | {"since": since})
    connection.commit()


# A year of weekly fits of everybody, as the analyses publish them: the API shows the newest accepted one.
_RUNS = """
insert into analysis.runs (run_id, user_id, kind, target, status, fingerprint, as_of, code_version, created_at)
select md5(user_id::text || kind || week)::uuid, user_id, kind, case kind when 'trial' then 'magnesium' else kind end,
       case when week %% 9 = 5 then 'rejected' else 'accepted' end, week::text, at, '0', at
from ops.people
cross join generate_series(1, %(weeks)s) as week
cross join unnest(array['effects', 'proposals', 'trial']) as kind
cross join lateral (select %(last)s::timestamptz - (%(weeks)s - week) * interval '7 days' as at) as instant
on conflict do nothing;
"""
_EFFECTS = """
insert into analysis.effects
select run_id, user_id, 'outcome_' || outcome, 'exposure_' || exposure, 1, 'mg', 'min', 100, 1.5, 1, -0.5, 3.5, 0.8,
       2.2, 0.93, 300, (outcome - 1) * 5 + exposure
from analysis.runs cross join generate_series(1, 5) as outcome cross join generate_series(1, 5) as exposure
where kind = 'effects' and status = 'accepted'
on conflict do nothing
"""
_PROPOSALS = """
insert into analysis.proposals
select run_id, user_id, rank, 'walk_' || rank, 'Do walks lift mood?', 'walks', 'mood', '["no", "walk"]', '{}', rank, 42,
       0.8, 0.1, 0.2, 'because'
from analysis.runs cross join generate_series(1, 5) as rank
where kind = 'proposals' and status = 'accepted'
on conflict do nothing
"""
_RESULTS = """
insert into analysis.trial_results
select run_id, user_id, 'magnesium', outcome, 'magnesium', 'no magnesium', 'min', 7, 6, 1, 28, 28, 1, 0.5, 0, 2, 0.5,
       1.5, 0.5, 0.8, 0.2, 0, 'adopt', 14, null, null, outcome = 'sleep_minutes'
from analysis.runs cross join unnest(array['sleep_minutes', 'deep_sleep_minutes', 'hrv_rmssd_ms']) as outcome
where kind = 'trial' and status = 'accepted'
on conflict do nothing
"""


def write_insights(connection: psycopg.Connection) -> None:
    """Publish a year of weekly fits for everybody."""
    connection.execute(_RUNS, {"weeks": WEEKLY_FITS, "last": LAST_DAY})
    for statement in (_EFFECTS, _PROPOSALS, _RESULTS):
        connection.execute(statement)
    connection.commit()
