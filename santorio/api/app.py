"""The read API: GET only, versioned, one person a token."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, Path, Query, Request, Response
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from santorio.api.answers import Buckets, cached, install
from santorio.api.reading import View, newest, read_page, reading
from santorio.api.rows import (
    Activity,
    CoverageDay,
    Day,
    Effect,
    ErrorAnswer,
    Experiment,
    Health,
    Meta,
    Night,
    One,
    Page,
    Row,
)
from santorio.api.tokens import TokenRefused, verify_token
from santorio.errors import NotFound, StorageError
from santorio.settings import Settings
from santorio.versions import code_version

DAYS = View("days", ("day",), "day")
NIGHTS = View("nights", ("day",), "day")
ACTIVITIES = View("activities", ("started_at", "activity_id"), "day")
EFFECTS = View("effects", ("outcome", "exposure"))
EXPERIMENTS = View("experiments", ("experiment_id",))
COVERAGE = View("coverage", ("kind", "day"), "day")

bearer = HTTPBearer(auto_error=False, description="A token minted by `santorio token`.")
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer, "description": words}
    for status, words in {
        400: "The cursor is not of this list.", 401: "No valid token.", 404: "There is no such thing.",
        422: "A parameter is wrong.", 429: "Too many requests.", 500: "A fault of ours.",
        503: "The database does not answer.",
    }.items()
}  # fmt: skip
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The caller has it already."}}

Limit = Annotated[int, Query(ge=1, le=1000, description="Rows at most.")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next_cursor` of the answer before.")]
FromDay = Annotated[dt.date | None, Query(alias="from", description="First local day.")]
ToDay = Annotated[dt.date | None, Query(alias="to", description="Last local day.")]


def create_app(settings: Settings, api_url: str) -> FastAPI:
    """Build the API over a database URL of the role `santorio_api`."""
    app = FastAPI(
        title="Santorio",
        version=code_version(),
        description="Reads what Santorio knows of one person: days, nights, activities, what goes with what, "
        "experiments. Writing is done by dropping files into the inbox.",
        responses={429: ERRORS[429], 500: ERRORS[500]},
    )
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    install(app)
    buckets = Buckets()

    def reader(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
    ) -> UUID:
        if credentials is None:
            raise TokenRefused("A token is missing.", hint="Send `Authorization: Bearer …`; `santorio token` mints one.")
        user_id = verify_token(settings, credentials.credentials)
        left = buckets.take(str(user_id))
        request.state.rate_limit = {
            "X-Rate-Limit-Limit": str(buckets.per_minute), "X-Rate-Limit-Remaining": str(left),
        }  # fmt: skip
        return user_id

    def answer(request: Request, user_id: UUID, view: View, row: type[Row], **arguments: Any) -> Response:
        with reading(api_url, user_id) as connection:
            rows, cursor = read_page(connection, view, **arguments)
        as_of = newest(rows)
        data = [row.model_validate(one) for one in rows]
        page = Page[row](data=data, next_cursor=cursor, meta=Meta(as_of=as_of, count=len(rows)))  # type: ignore[valid-type]
        return cached(request, page, as_of)

    Reader = Annotated[UUID, Depends(reader)]
    listed = {**ERRORS, **NOT_MODIFIED}
    del listed[404]

    @app.get("/health", tags=["service"], summary="Whether the process answers")
    def health() -> Health:
        return Health(status="ok")

    @app.get("/ready", tags=["service"], summary="Whether its database does, too", responses={503: ERRORS[503]})
    def ready() -> Health:
        with reading(api_url, None) as connection:
            found = connection.execute(
                "select count(*) as views from pg_views where schemaname = 'api' and viewname = any(%s)",
                [[view.name for view in (DAYS, NIGHTS, ACTIVITIES, EFFECTS, EXPERIMENTS)]],
            ).fetchone()
        if found is None or found["views"] != 5:
            raise StorageError("The API's views are not built yet.", hint="`santorio run` builds them.")
        return Health(status="ok")

    @app.get("/v1/days", tags=["data"], summary="Days, oldest first", responses=listed, response_model=Page[Day])
    def days(
        request: Request, who: Reader, first: FromDay = None, last: ToDay = None, limit: Limit = 100, cursor: Cursor = None
    ) -> Response:
        return answer(request, who, DAYS, Day, limit=limit, cursor=cursor, first=first, last=last)

    @app.get("/v1/nights", tags=["data"], summary="Nights, oldest first", responses=listed, response_model=Page[Night])
    def nights(
        request: Request, who: Reader, first: FromDay = None, last: ToDay = None, limit: Limit = 100, cursor: Cursor = None
    ) -> Response:
        return answer(request, who, NIGHTS, Night, limit=limit, cursor=cursor, first=first, last=last)

    @app.get(
        "/v1/activities", tags=["data"], summary="Activities, oldest first", responses=listed,
        response_model=Page[Activity],
    )  # fmt: skip
    def activities(
        request: Request, who: Reader, first: FromDay = None, last: ToDay = None, limit: Limit = 100, cursor: Cursor = None
    ) -> Response:
        return answer(request, who, ACTIVITIES, Activity, limit=limit, cursor=cursor, first=first, last=last)

    @app.get(
        "/v1/coverage", tags=["data"], summary="Which Garmin days are there", responses=listed,
        response_model=Page[CoverageDay],
    )  # fmt: skip
    def coverage(
        request: Request, who: Reader, first: FromDay = None, last: ToDay = None, limit: Limit = 100, cursor: Cursor = None
    ) -> Response:
        return answer(request, who, COVERAGE, CoverageDay, limit=limit, cursor=cursor, first=first, last=last)

    @app.get(
        "/v1/effects", tags=["answers"], summary="What is associated with what", responses=listed,
        response_model=Page[Effect],
    )  # fmt: skip
    def effects(request: Request, who: Reader, limit: Limit = 100, cursor: Cursor = None) -> Response:
        return answer(request, who, EFFECTS, Effect, limit=limit, cursor=cursor)

    @app.get(
        "/v1/experiments", tags=["answers"], summary="Trials and proposals", responses=listed,
        response_model=Page[Experiment],
    )  # fmt: skip
    def experiments(request: Request, who: Reader, limit: Limit = 100, cursor: Cursor = None) -> Response:
        return answer(request, who, EXPERIMENTS, Experiment, limit=limit, cursor=cursor)

    @app.get(
        "/v1/experiments/{experiment_id}", tags=["answers"], summary="One trial or proposal",
        responses={**ERRORS, **NOT_MODIFIED}, response_model=One[Experiment],
    )  # fmt: skip
    def experiment(
        request: Request, who: Reader, experiment_id: Annotated[str, Path(max_length=200, pattern=r"^[^\x00]+$")]
    ) -> Response:
        with reading(api_url, who) as connection:
            rows, _ = read_page(connection, EXPERIMENTS, limit=1, equal={"experiment_id": experiment_id})
        if not rows:
            raise NotFound("There is no experiment of this id.", hint="/v1/experiments lists them.")
        as_of = newest(rows)
        one = One[Experiment](data=Experiment.model_validate(rows[0]), meta=Meta(as_of=as_of, count=1))
        return cached(request, one, as_of)

    return app
