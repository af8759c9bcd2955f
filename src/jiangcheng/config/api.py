"""The JSON API: the routers of the desks under one roof, with one form of error and one description."""

from __future__ import annotations

import http
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.http import ConditionalGetMiddleware
from django.shortcuts import render
from django.utils.decorators import decorator_from_middleware
from ninja import NinjaAPI
from ninja.decorators import decorate_view
from ninja.errors import AuthenticationError, HttpError, ValidationError

import jiangcheng
from jiangcheng.core.access.services import ninja_auth
from jiangcheng.core.cases import api as cases
from jiangcheng.core.indicators import api as indicators
from jiangcheng.core.observations import api as observations
from jiangcheng.modules.network import api as network
from jiangcheng.modules.straw import api as straw

with_etag = decorator_from_middleware(ConditionalGetMiddleware)
"""Answers 304 to a caller who holds the present answer already."""

api = NinjaAPI(
    title="Jiangcheng 江城",
    version=jiangcheng.__version__,
    description="Stations, observations, evaluations, cases, findings and indicators, read-only; fire signals "
    "by token. Instants are in UTC, periods half-open. A list is read by passing `next` as `cursor`.",
    docs_url=None,
    openapi_url=None,
    urls_namespace="api",
    auth=ninja_auth("api.read"),
)
for desk in (observations, cases, indicators):
    desk.router.add_decorator(with_etag, mode="view")
    api.add_router("", desk.router)
api.add_router("", network.router)
api.add_router("", straw.router)


@api.get("/openapi.json", include_in_schema=False, url_name="openapi")
@decorate_view(with_etag)
def openapi(request: HttpRequest) -> HttpResponse:
    """Return the description of this API, OpenAPI 3.1."""
    return JsonResponse(api.get_openapi_schema(), json_dumps_params={"ensure_ascii": False})


@api.get("/docs", include_in_schema=False, url_name="docs")
def docs(request: HttpRequest) -> HttpResponse:
    """Show the description as a page without any outside asset."""
    schema = api.get_openapi_schema()
    operations = [
        {"path": path, "method": method.upper(), **operation}
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    return render(request, "observations/api.html", {"info": schema["info"], "operations": operations})


def _problem(request: HttpRequest, status: int, detail: object, **more: Any) -> HttpResponse:
    """Return an error as RFC 9457 wants it."""
    body = {
        "type": "about:blank",
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "detail": str(detail),
        "instance": request.path,
        **more,
    }
    return JsonResponse(
        body,
        status=status,
        content_type="application/problem+json",
        json_dumps_params={"ensure_ascii": False},
    )


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return _problem(request, error.status_code, error)


@api.exception_handler(AuthenticationError)
def _not_logged_in(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return _problem(request, 401, "log in first")


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return _problem(request, 404, "there is no such thing, or you may not see it")


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return _problem(request, 422, "some parameters are wrong", errors=error.errors)
