"""What views ask of a request."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def address_of(request: HttpRequest) -> str:
    """Return the peer's network address; forwarding headers are not believed."""
    return str(request.META.get("REMOTE_ADDR", ""))[:64]


def origin_of(request: HttpRequest) -> str:
    """Return scheme, host and port as the browser names them."""
    return f"{request.scheme}://{request.get_host()}"


def host_of(request: HttpRequest) -> str:
    """Return the host without its port: the name passkeys are bound to."""
    return request.get_host().rsplit(":", 1)[0].strip("[]")


def remember_language(response: HttpResponse, code: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=365 * 86400,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Lax",
    )
