"""Trials and proposals; and `/v1/experiments`, their address before they were called trials."""

import uuid
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response

from santorio.api.dependencies import CurrentUserId, services
from santorio.api.errors import ApiError
from santorio.api.pagination import Resource, read_one
from santorio.api.params import TEXT_PATTERN, TrialsQuery
from santorio.api.resources import EXPERIMENTS, TRIALS
from santorio.api.responses import failure, item_response, page_response, resource_router
from santorio.api.schemas.base import ResourceRead
from santorio.api.schemas.responses import ItemResponse, PageResponse
from santorio.api.schemas.trials import ExperimentRead, TrialRead
from santorio.warehouse.read_model import Filter

DEPRECATION_HEADERS = {
    # RFC 9745: since when, 2026-11-30 UTC, in seconds since 1970.
    "Deprecation": "@1795996800",
    "Link": '</v1/trials>; rel="successor-version"',
}

Id = Annotated[
    str,
    Path(max_length=200, pattern=TEXT_PATTERN, description="Id from the list.", examples=["trial:magnesium"]),
]


def announce_successor(request: Request) -> None:
    """Send with every response that `/v1/trials` replaces this address."""
    request.state.headers |= DEPRECATION_HEADERS


router = resource_router()
deprecated_router = resource_router(deprecated=True)


@router.get("/trials", response_model=PageResponse[TrialRead], operation_id="trials")
def list_trials(request: Request, user_id: CurrentUserId, query: Annotated[TrialsQuery, Query()]) -> Response:
    """List trials with their results, then proposed trials, best first."""
    return page_response(request, user_id, TRIALS, query)


@router.get(
    "/trials/{trial_id}",
    response_model=ItemResponse[TrialRead],
    operation_id="trial",
    responses={404: failure("There is no trial or proposal with this id.")},
)
def get_trial(request: Request, user_id: CurrentUserId, trial_id: Id) -> Response:
    """Get a trial or a proposed trial."""
    trial = _find(request, user_id, TRIALS, trial_id)
    if trial is None:
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            "trial_not_found",
            "There is no trial or proposal with this id.",
            hint="/v1/trials lists them.",
        )
    return item_response(request, user_id, trial)


@deprecated_router.get(
    "/experiments",
    response_model=PageResponse[ExperimentRead],
    operation_id="experiments",
    dependencies=[Depends(announce_successor)],
)
def list_experiments(
    request: Request, user_id: CurrentUserId, query: Annotated[TrialsQuery, Query()]
) -> Response:
    """List trials and proposed trials under their former name; use `/v1/trials`."""
    return page_response(request, user_id, EXPERIMENTS, query)


@deprecated_router.get(
    "/experiments/{experiment_id}",
    response_model=ItemResponse[ExperimentRead],
    operation_id="experiment",
    responses={404: failure("There is no trial or proposal with this id.")},
    dependencies=[Depends(announce_successor)],
)
def get_experiment(request: Request, user_id: CurrentUserId, experiment_id: Id) -> Response:
    """Get a trial or a proposed trial under its former name; use `/v1/trials/{trial_id}`."""
    experiment = _find(request, user_id, EXPERIMENTS, experiment_id)
    if experiment is None:
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            "experiment_not_found",
            "There is no trial or proposal with this id.",
            hint="/v1/trials lists them.",
        )
    return item_response(request, user_id, experiment)


def _find[R: ResourceRead](
    request: Request, user_id: uuid.UUID, resource: Resource[R], trial_id: str
) -> R | None:
    with services(request).repository.transaction_for(user_id) as connection:
        return read_one(connection, resource, Filter("trial_id", "=", trial_id))
