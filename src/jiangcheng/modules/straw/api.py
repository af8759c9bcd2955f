"""The door of towers and patrols into the room: signals of fire, each device with a token of its own."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from jiangcheng.core.access.models import User
from jiangcheng.core.access.services import ninja_auth, person, received_at, received_date
from jiangcheng.core.cases.services import Refused
from jiangcheng.modules.straw import queries, services


class TokenOnly(ninja_auth):
    """The lock of a door that writes: a session's cookie opens it not, for another site could make use of it."""

    def __call__(self, request: HttpRequest) -> User | None:
        """Return the person behind a token, or None for status 401."""
        return super().__call__(request) if request.headers.get("Authorization") else None


router = Router(tags=["straw"], auth=TokenOnly("straw.signals"))


class Signal(Schema):
    """One sign of fire as a device tells it; what else it says is kept with it."""

    id: str = Field(min_length=1, max_length=100)
    source: Literal["tower", "thermal", "patrol", "complaint", "official"]
    time: dt.datetime
    longitude: float = Field(ge=-180, le=180)
    latitude: float = Field(ge=-90, le=90)
    uncertainty: float | None = Field(None, ge=0, le=20_000)
    confidence: Literal["low", "nominal", "high"] = "nominal"
    text: str = ""
    clip: str = ""
    """Address of a picture or film."""


class Wrong(Schema):
    """What was not taken, by its place in the list from 1."""

    item: int
    field: str
    value: str


class Incident(Schema):
    """An incident the signals belong to."""

    number: str
    verdict: str


class Taken(Schema):
    """What came of the signals."""

    added: int
    known: int
    outside: int
    errors: list[Wrong]
    incidents: list[Incident]


class Answer(Schema):
    """What the platform of the cameras says of an order."""

    done: bool
    text: str = Field("", max_length=200)
    clip: str = Field("", max_length=500)
    """Address of a picture or film."""


class Told(Schema):
    """A word of the server."""

    detail: str


@router.get("/straw/camera-orders", url_name="straw_camera_orders")
def camera_orders(request: HttpRequest) -> list[dict[str, Any]]:
    """Return where cameras have to look: bearing and tilt in degrees, with the time the order ends.

    The platform of the cameras asks every few seconds, or takes the same as a web hook. An order stays in the list
    until it is answered or over.
    """
    rows = services.fetch_orders(user=person(request), on=received_date(request), now=received_at(request))
    return [services.as_told(row) for row in rows]


@router.post(
    "/straw/camera-orders/{number}",
    url_name="straw_camera_answer",
    response={200: Told, 404: Told, 409: Told},
)
def camera_answer(request: HttpRequest, number: int, told: Answer) -> Any:
    """Take what came of an order; a second answer is refused."""
    order = queries.order_for(user=person(request), on=received_date(request), number=number)
    if order is None:
        return Status(404, {"detail": "unknown order"})
    try:
        found = services.answer_order(
            order=order, done=told.done, text=told.text, clip=told.clip, now=received_at(request)
        )
    except Refused as refused:
        return Status(409, {"detail": str(refused)})
    return Status(200, {"detail": found.state})


@router.post("/straw/signals", url_name="straw_signals", response={200: Taken, 422: Taken})
def signals(request: HttpRequest, told: list[Signal]) -> Any:
    """Take signals of fire; those already told change nothing.

    Make a token for every device (personal page, permission `straw.signals`), so that a lost one can be taken
    back alone.
    """
    report = services.take_signals(
        told=[signal.dict(exclude_none=True) | {"time": signal.time.isoformat()} for signal in told],
        name=f"api {person(request).get_username()}", actor=person(request), now=received_at(request),
    )  # fmt: skip
    answer = {
        "added": report.added, "known": report.known, "outside": report.outside,
        "errors": [{"item": error.line, "field": error.field, "value": error.value} for error in report.errors],
        "incidents": [{"number": found.number, "verdict": found.verdict} for found in report.incidents],
    }  # fmt: skip
    return Status(422 if report.errors and not report.added else 200, answer)
