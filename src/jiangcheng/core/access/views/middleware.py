"""The middleware that refuses what nobody has allowed, and ends sessions that have run out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.contrib import auth
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext_lazy

from jiangcheng.core.access import services
from jiangcheng.core.access.models import User
from jiangcheng.core.access.views.requests import address_of

logger = logging.getLogger(__name__)
SESSION = "open_session"
"""Where a session keeps the token by which it is known as open."""
FREE = ("/security/password", "/logout", "/language", "/static/")
"""What somebody may open who has to change the password first."""
ENROL = "/security/"
"""What somebody may open who has to add a second factor first."""
ENDED = {
    "idle": gettext_lazy("您有一段时间没有操作，已自动退出。请重新登录。"),
    "crowded": gettext_lazy("您在别处登录过多，这个会话已结束。请重新登录。"),
    "administrator": gettext_lazy("管理员结束了这个会话。请重新登录。"),
    "password": gettext_lazy("密码已更改，请用新密码登录。"),
}


class DefaultDenyMiddleware(MiddlewareMixin):
    """Stamps each request with the instant it came in, and refuses views that name no permission.

    What it answers stays out of every cache, unless the view says otherwise.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        request.received_at = timezone.now()  # type: ignore[attr-defined]
        # PostgreSQL takes no NUL in a text; no honest address has one.
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return HttpResponseBadRequest()
        return None

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        if services.permission_of(view) is None:
            logger.error("%s names no permission and is not public: refused", request.path)
            raise PermissionDenied(request.path)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.has_header("Cache-Control"):
            # With an entity tag the browser may keep a copy, but asks each time whether it may show it.
            response["Cache-Control"] = "private, no-cache" if response.has_header("ETag") else "no-store"
        return response


class SessionMiddleware(MiddlewareMixin):
    """Ends what has been idle too long, was crowded out or taken back; asks for a new password where one is due."""

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        user = request.user
        if not isinstance(user, User):
            return None
        now = services.received_at(request)
        token = request.session.get(SESSION)
        if token is None:
            agent = request.headers.get("User-Agent", "")
            request.session[SESSION] = services.open_session(
                user=user, address=address_of(request), agent=agent, now=now
            )
        elif reason := services.check_session(token=token, user=user, now=now, active=_is_act(request)):
            auth.logout(request)
            # The message framework comes after this middleware; the log-in page tells the reason.
            request.session["ended"] = reason
            return services.turn_away(request)
        if request.path.startswith(FREE):
            return None
        if services.password_is_old(user=user, now=now):
            return _sent_to(request, "access:password")
        if services.lacks_second_factor(user=user, now=now) and not request.path.startswith(ENROL):
            return _sent_to(request, "access:authenticator")
        return None


def _sent_to(request: HttpRequest, name: str) -> HttpResponseBase:
    return redirect(name) if request.accepts("text/html") else HttpResponse(status=403)


def ended_text(request: HttpRequest) -> str:
    """Return why the last session here ended, once; empty if nobody need be told."""
    return str(ENDED.get(request.session.pop("ended", ""), ""))


def _is_act(request: HttpRequest) -> bool:
    """Tell whether a person did something; what a page fetches by itself keeps nobody logged in."""
    if request.method not in ("GET", "HEAD"):
        return True
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
