"""The addresses of the API. All of them read; none writes."""

import uuid
from http import HTTPStatus
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError

from santorio.api import resources
from santorio.api.dependencies import Person, services
from santorio.api.errors import ApiError, ErrorAnswer
from santorio.api.pagination import Collection, Filter, read_one, read_page
from santorio.api.params import (
    TEXT_PATTERN,
    BaselinesQuery,
    CoverageQuery,
    DaysQuery,
    EffectsQuery,
    ExperimentsQuery,
    PageQuery,
    PopulationQuery,
)
from santorio.api.resources import (
    ACTIVITIES,
    BASELINES,
    COVERAGE,
    DAYS,
    EFFECTS,
    EXPERIMENTS,
    NIGHTS,
    POPULATION,
)
from santorio.api.schemas import (
    ActivityRow,
    BaselineRow,
    CoverageRow,
    DayRow,
    EffectRow,
    ExperimentRow,
    Health,
    NightRow,
    One,
    Page,
    PopulationRow,
    Ready,
    Row,
    lineage,
)


def _header(description: str, kind: str = "string") -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}}


REQUEST_HEADERS = {"X-Request-ID": _header("Id of the request: the caller's own, or one made here.")}
LIMIT_HEADERS = {
    **REQUEST_HEADERS,
    "X-Rate-Limit-Limit": _header("Requests that a token may make in a minute.", "integer"),
    "X-Rate-Limit-Remaining": _header("Requests left now.", "integer"),
    "X-Rate-Limit-Reset": _header("Seconds until all are there again.", "integer"),
}
FRESH_HEADERS = {
    **LIMIT_HEADERS,
    "ETag": _header("Give it back as If-None-Match."),
    "Last-Modified": _header("When this answer was first given; give it back as If-Modified-Since."),
}


def _failure(description: str, headers: dict[str, Any]) -> dict[str, Any]:
    return {"model": ErrorAnswer, "description": description, "headers": headers}


ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The rows.", "headers": FRESH_HEADERS},
    304: {"description": "Nothing changed since.", "headers": FRESH_HEADERS},
    400: _failure("The cursor is of another page.", LIMIT_HEADERS),
    401: _failure("No token, or one that is not valid or has expired.", LIMIT_HEADERS),
    403: _failure("The token is for something else.", LIMIT_HEADERS),
    422: _failure("A parameter is wrong; the details say which.", LIMIT_HEADERS),
    429: _failure("Too many requests; see Retry-After.", LIMIT_HEADERS),
    500: _failure("A fault of ours.", REQUEST_HEADERS),
    503: _failure("The database is away, or the data is not built yet.", LIMIT_HEADERS),
}


def each_once(request: Request) -> None:
    """Refuse a parameter that is given twice: it cannot be known which one is meant."""
    names = [name for name, _ in request.query_params.multi_items()]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise RequestValidationError(
            [
                {"type": "repeated", "loc": ("query", name), "msg": "is given more than once"}
                for name in repeated
            ]
        )


v1 = APIRouter(prefix="/v1", tags=["data"], responses=ANSWERS, dependencies=[Depends(each_once)])
probes = APIRouter(tags=["probes"])


@probes.get("/health", operation_id="health")
async def health() -> Health:
    """Say that the process answers."""
    return Health(status="ok", version=version("santorio"))


@probes.get(
    "/ready",
    operation_id="ready",
    responses={503: _failure("Not ready; the details say what is missing.", REQUEST_HEADERS)},
)
def ready(request: Request) -> Ready:
    """Say whether the data can be read: the database answers, and every view has every column."""
    return Ready(status="ready", views=services(request).reader.check(resources.ALL))


@v1.get("/days", response_model=Page[DayRow], operation_id="days")
def days(request: Request, person: Person, query: Annotated[DaysQuery, Query()]) -> Response:
    """Local days: steps, heart rate, stress, weight, mood, intakes, training."""
    return _page(request, person, DAYS, query)


@v1.get("/nights", response_model=Page[NightRow], operation_id="nights")
def nights(request: Request, person: Person, query: Annotated[DaysQuery, Query()]) -> Response:
    """Nights, by the day of waking: sleep and its stages, heart-rate variability, respiration."""
    return _page(request, person, NIGHTS, query)


@v1.get("/activities", response_model=Page[ActivityRow], operation_id="activities")
def activities(request: Request, person: Person, query: Annotated[DaysQuery, Query()]) -> Response:
    """Activities, one row each however many devices recorded them."""
    return _page(request, person, ACTIVITIES, query)


@v1.get("/baselines", response_model=Page[BaselineRow], operation_id="baselines")
def baselines(request: Request, person: Person, query: Annotated[BaselinesQuery, Query()]) -> Response:
    """Say what is usual for each metric, which days were not, when a level changed, and what is to be expected."""
    return _page(request, person, BASELINES, query)


@v1.get("/effects", response_model=Page[EffectRow], operation_id="effects")
def effects(request: Request, person: Person, query: Annotated[EffectsQuery, Query()]) -> Response:
    """Say what seems to go with what, strongest first, with intervals: associations, no proof of cause."""
    return _page(request, person, EFFECTS, query)


@v1.get("/population", response_model=Page[PopulationRow], operation_id="population")
def population(request: Request, person: Person, query: Annotated[PopulationQuery, Query()]) -> Response:
    """Say what people who share have in common: of pools of at least five that the person is in."""
    return _page(request, person, POPULATION, query)


@v1.get("/experiments", response_model=Page[ExperimentRow], operation_id="experiments")
def experiments(request: Request, person: Person, query: Annotated[ExperimentsQuery, Query()]) -> Response:
    """Trials with what came of them, then proposed experiments, best first."""
    return _page(request, person, EXPERIMENTS, query)


@v1.get(
    "/experiments/{experiment_id}",
    response_model=One[ExperimentRow],
    operation_id="experiment",
    responses={404: _failure("There is no such experiment.", LIMIT_HEADERS)},
)
def experiment(
    request: Request,
    person: Person,
    experiment_id: Annotated[
        str,
        Path(
            max_length=200, pattern=TEXT_PATTERN, description="As in the list.", examples=["trial:magnesium"]
        ),
    ],
) -> Response:
    """One trial or proposed experiment."""
    with services(request).reader.as_person(person) as connection:
        row = read_one(connection, EXPERIMENTS, Filter("experiment_id", "=", experiment_id))
    if row is None:
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            "experiment_not_found",
            "There is no such experiment.",
            hint="/v1/experiments lists them.",
        )
    answer = One[ExperimentRow](data=row, meta=lineage([row]))
    return _fresh(request, person, answer.model_dump_json())


@v1.get("/coverage", response_model=Page[CoverageRow], operation_id="coverage")
def coverage(request: Request, person: Person, query: Annotated[CoverageQuery, Query()]) -> Response:
    """Say what was fetched for each kind and day; the gaps are rows of status `missing`."""
    return _page(request, person, COVERAGE, query)


def _page[R: Row](
    request: Request, person: uuid.UUID, collection: Collection[R], query: PageQuery
) -> Response:
    with services(request).reader.as_person(person) as connection:
        rows, cursor = read_page(
            connection,
            collection,
            query.filters,
            cursor=query.cursor,
            limit=query.limit,
            descending=query.descending,
        )
    answer = Page[collection.row](data=rows, next_cursor=cursor, meta=lineage(rows))  # type: ignore[name-defined]
    return _fresh(request, person, answer.model_dump_json())


def _fresh(request: Request, person: uuid.UUID, body: str) -> Response:
    return services(request).freshness.respond(request, str(person), body.encode())
