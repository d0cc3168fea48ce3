"""The ten queries that the API asks, asked as it does: its role, the sessions it keeps, a random person each time."""

import datetime as dt
import random
import statistics
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from santorio.api.pagination import Resource, read_page
from santorio.api.params import CoverageQuery, DaysQuery, EffectsQuery, PageQuery, TrialsQuery
from santorio.api.repository import ApiRepository
from santorio.api.resources import ACTIVITIES, COVERAGE, DAYS, EFFECTS, NIGHTS, TRIALS
from santorio.warehouse.read_model import Filter

BAR_MS = 20.0


@dataclass(frozen=True)
class Question:
    """One thing that the API is asked; `page` is 2 where the cursor of the first page is given back."""

    name: str
    resource: Resource[Any]
    query: PageQuery
    page: int = 1
    only: tuple[Filter, ...] = ()

    def ask(self, connection: psycopg.Connection, cursor: str | None) -> tuple[int, str | None]:
        """Ask for a page; returns how many rows came, and the next cursor."""
        filters = [*self.query.filters, *self.only]
        rows, following = read_page(
            connection,
            self.resource,
            filters,
            cursor=cursor,
            limit=self.query.limit,
            descending=self.query.descending,
        )
        return len(rows), following


def questions(last: dt.date) -> list[Question]:
    """Ten, one a line: what the dashboard and its pages ask, up to the last day."""

    def days(of: type[DaysQuery], count: int, **more: object) -> DaysQuery:
        return of.model_validate({"from": last - dt.timedelta(days=count - 1), "to": last, **more})

    one = Filter("trial_id", "=", "trial:magnesium")
    return [
        Question("days: the last 28", DAYS, days(DaysQuery, 28)),
        Question("days: a year in one page", DAYS, days(DaysQuery, 365, limit=1000)),
        Question("nights: the last 90", NIGHTS, days(DaysQuery, 90)),
        Question("activities: the newest 100", ACTIVITIES, DaysQuery.model_validate({"order": "desc"})),
        Question(
            "activities: the page after", ACTIVITIES, DaysQuery.model_validate({"order": "desc"}), page=2
        ),
        Question("effects: the first page", EFFECTS, EffectsQuery.model_validate({})),
        Question("trials: the first page", TRIALS, TrialsQuery.model_validate({})),
        Question("one trial", TRIALS, PageQuery(limit=1), only=(one,)),
        Question("coverage: the last 28 days", COVERAGE, days(CoverageQuery, 28, limit=1000)),
        Question("coverage: the gaps", COVERAGE, CoverageQuery.model_validate({"status": "missing"})),
    ]


def ask_all(url: str, people: Sequence[uuid.UUID], last: dt.date, *, times: int) -> list[dict[str, Any]]:
    """Ask every question of random people; the whole is from taking a session to giving it back."""
    repository, chance = ApiRepository(url), random.Random(7)
    found = []
    for question in questions(last):
        whole, alone, rows = [], [], []
        for person in chance.choices(people, k=times + 5):
            cursor = _first_cursor(repository, person, question)
            began = time.perf_counter()
            with repository.transaction_for(person) as connection:
                opened = time.perf_counter()
                rows.append(question.ask(connection, cursor)[0])
                alone.append(time.perf_counter() - opened)
            whole.append(time.perf_counter() - began)
        # The first of each find nothing in memory.
        found.append(
            {
                "query": question.name,
                "rows_median": statistics.median(rows[5:]),
                "p50_ms": percentile(whole[5:], 50),
                "p95_ms": percentile(whole[5:], 95),
                "bar_p95_ms": BAR_MS,
                "question_alone_p50_ms": percentile(alone[5:], 50),
                "question_alone_p95_ms": percentile(alone[5:], 95),
                "first_five_worst_ms": round(1000 * max(whole[:5]), 1),
            }
        )
    return found


def _first_cursor(repository: ApiRepository, person: uuid.UUID, question: Question) -> str | None:
    if question.page == 1:
        return None
    with repository.transaction_for(person) as connection:
        return question.ask(connection, None)[1]


def percentile(seconds: Sequence[float], percent: int) -> float:
    """Give a percentile in milliseconds."""
    return round(1000 * statistics.quantiles(seconds, n=100, method="inclusive")[percent - 1], 2)


@dataclass
class Plan:
    """How the server answered one question."""

    question: str
    tree: dict[str, Any] = field(repr=False)

    def nodes(self) -> Iterator[dict[str, Any]]:
        """Give every node of the plan."""
        waiting = [self.tree["Plan"]]
        while waiting:
            node = waiting.pop()
            waiting += node.get("Plans", [])
            yield node

    def scans(self) -> list[str]:
        """Say how each table was read, and how much."""
        return sorted(
            {
                f"{node['Node Type']} on {node['Relation Name']}"
                + (f" using {node['Index Name']}" if "Index Name" in node else "")
                for node in self.nodes()
                if "Relation Name" in node
            }
        )

    @property
    def buffers(self) -> int:
        """Blocks that were looked at."""
        top = self.tree["Plan"]
        return int(top["Shared Hit Blocks"] + top["Shared Read Blocks"])


def explained(url: str, person: uuid.UUID, last: dt.date, more: Sequence[Question] = ()) -> list[Plan]:
    """Let the server explain its answer to each question, asked through the very code that the API runs."""
    repository = ApiRepository(url)
    plans = []
    for question in [*questions(last), *more]:
        cursor = _first_cursor(repository, person, question)
        with repository.transaction_for(person) as connection, _explaining(connection) as trees:
            question.ask(connection, cursor)
        plans += [Plan(question.name, tree) for tree in trees]
    return plans


@contextmanager
def _explaining(connection: psycopg.Connection) -> Iterator[list[dict[str, Any]]]:
    """Explain what is asked instead of answering it."""
    trees: list[dict[str, Any]] = []

    class Explaining(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **_options: Any) -> "Explaining":
            super().execute(sql.SQL("explain (analyze, buffers, format json) {}").format(query), params)
            trees.extend(super().fetchall()[0]["QUERY PLAN"])
            return self

        def fetchall(self) -> list[Any]:
            return []

    before: Callable[..., Any] = connection.cursor_factory
    connection.cursor_factory = Explaining
    try:
        yield trees
    finally:
        connection.cursor_factory = before  # type: ignore[assignment]
