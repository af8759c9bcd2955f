"""The door at which programs pull what they were granted."""

from __future__ import annotations

import datetime
from typing import Literal

from django.http import Http404, HttpRequest, StreamingHttpResponse
from ninja import Router
from ninja.errors import HttpError

from jiangcheng.core.access.services import ninja_auth, person, received_at
from jiangcheng.modules.network import services
from jiangcheng.modules.network.models import DataRequest

TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
router = Router(tags=["network"], auth=ninja_auth("api.read"))


@router.get("/data-requests/{number}/data", url_name="network_pull", response={200: None})
def pull(
    request: HttpRequest,
    number: str,
    form: Literal["csv", "json"] = "json",
    first: datetime.date | None = None,
    last: datetime.date | None = None,
) -> StreamingHttpResponse:
    """Hand out a granted dataset as CSV or JSON; every pull and every refusal is written down.

    ``first`` and ``last`` are days (Beijing, both inclusive) of an element's values. Only who asked for the
    data may pull them, until the day before the grant ends. There is no telling of requests of others.
    """
    row = DataRequest.objects.filter(number=number).first() if "\0" not in number else None
    if row is None:
        raise Http404(number)
    try:
        found = services.pull(
            row=row,
            user=person(request),
            form=form,
            first=first,
            last=last,
            now=received_at(request),
            address=str(request.META.get("REMOTE_ADDR", "")),
        )
    except services.NotGranted as error:
        if error.reason == "foreign":
            raise Http404(number) from error
        raise HttpError(422 if error.reason == "period" else 403, error.reason) from error
    name = f"{number}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(found.chunks, content_type=TYPES[form], headers=headers)
