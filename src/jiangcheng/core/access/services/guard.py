"""The locks on the doors: every view says which permission it asks, or that it asks none."""

from __future__ import annotations

import datetime as dt
import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from ninja.errors import HttpError
from ninja.operation import PathView

from jiangcheng.core.access import queries
from jiangcheng.core.access.models import User
from jiangcheng.core.access.services import tokens

PUBLIC = "public"
MARK = "access_permission"
"""The attribute of a view that names its permission."""
ASKED_YEARS = range(1970, 2200)
"""Years of instants in an address; far outside of them arithmetic with instants overflows."""

View = TypeVar("View", bound=Callable[..., Any])


def requires(permission: str) -> Callable[[View], View]:
    """Let only people in who have the permission somewhere; for functions, plain or async.

    Class views take it by ``method_decorator(requires(…), name="dispatch")``. People who are not logged in
    are sent to the log-in page; programs get status 401.
    """

    def decorate(view: View) -> View:
        wrap = _guarded_async if inspect.iscoroutinefunction(view) else _guarded
        guarded = wrap(view, permission)
        setattr(guarded, MARK, permission)
        return guarded  # type: ignore[return-value]

    return decorate


def public(view: View) -> View:
    """Mark a view that everybody may call, logged in or not."""
    setattr(view, MARK, PUBLIC)
    return view


class ninja_auth:  # noqa: N801
    """The same lock for a door of the JSON API: ``auth=ninja_auth("api.read")``.

    A program may come with a token instead of a session: ``Authorization: Bearer jct_…``.
    """

    def __init__(self, permission: str) -> None:
        self.permission = permission

    def __call__(self, request: HttpRequest) -> User | None:
        """Return the person, or None for status 401.

        Raises
        ------
        ninja.errors.HttpError
            403 if the person lacks the permission.
        """
        user: User | AnonymousUser | None = request.user
        if shown := request.headers.get("Authorization", "").removeprefix("Bearer ").strip():
            user = self._by_token(request, shown)
        if not isinstance(user, User):
            return None
        try:
            authorise(user, self.permission, on=received_date(request))
        except PermissionDenied as error:
            raise HttpError(403, str(error)) from error
        return user

    def _by_token(self, request: HttpRequest, shown: str) -> User | None:
        token = tokens.token_of(text=shown, now=received_at(request))
        if token is None:
            return None
        if self.permission not in token.permissions:
            raise HttpError(403, f"this token does not allow {self.permission}")
        request.user = token.user
        return token.user


def authorise(user: User | AnonymousUser, permission: str, *, on: dt.date) -> None:
    """Do nothing if the person has the permission somewhere on that day.

    Raises
    ------
    django.core.exceptions.PermissionDenied
        If not.
    """
    if not queries.has(user, permission, on):
        raise PermissionDenied(permission)


def permission_of(view: Callable[..., Any]) -> str | None:
    """Return the permission a view asks, ``public``, or None where nobody has said."""
    if mark := getattr(view, MARK, None):
        return str(mark)
    permissions = [_ninja_permission(operation) for operation in _ninja_operations(view)]
    return permissions[0] if permissions and all(permissions) else None


def person(request: HttpRequest) -> User:
    """Return the person behind the request of a guarded view.

    Raises
    ------
    django.core.exceptions.PermissionDenied
        If nobody is logged in.
    """
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def received_at(request: HttpRequest) -> dt.datetime:
    """Return the instant the request came in.

    Raises
    ------
    django.core.exceptions.ImproperlyConfigured
        If the middleware of this desk did not see the request.
    """
    at = getattr(request, "received_at", None)
    if not isinstance(at, dt.datetime):
        raise ImproperlyConfigured("DefaultDenyMiddleware has to be installed")
    return at


def asked_at(request: HttpRequest) -> dt.datetime:
    """Return the instant ``?at=`` names (ISO 8601 with offset), by default the one the request came in.

    Raises
    ------
    django.core.exceptions.BadRequest
        If it is no instant, names no offset, or lies outside `ASKED_YEARS`.
    """
    text = request.GET.get("at", "")
    if not text:
        return received_at(request)
    try:
        # A browser that does not quote the plus of an offset sends a blank.
        at = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        at = None
    if at is None or timezone.is_naive(at) or at.year not in ASKED_YEARS:
        raise BadRequest("at")
    return at


def received_date(request: HttpRequest) -> dt.date:
    """Return the calendar day, in local time, on which the request came in."""
    return timezone.localdate(received_at(request))


def turn_away(request: HttpRequest) -> HttpResponse:
    """Return the answer to somebody who is not logged in."""
    login = resolve_url(settings.LOGIN_URL)
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=401, headers={"HX-Redirect": login})
    if not request.accepts("text/html"):
        return HttpResponse(status=401)
    return redirect_to_login(request.get_full_path(), login)


def _guarded(view: Callable[..., Any], permission: str) -> Callable[..., HttpResponseBase]:
    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return turn_away(request)
        authorise(request.user, permission, on=received_date(request))
        response: HttpResponseBase = view(request, *args, **kwargs)
        return response

    return guarded


def _guarded_async(view: Callable[..., Any], permission: str) -> Callable[..., Any]:
    @functools.wraps(view)
    async def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = await request.auser()
        if not user.is_authenticated:
            return turn_away(request)
        await sync_to_async(authorise)(user, permission, on=received_date(request))
        response: HttpResponseBase = await view(request, *args, **kwargs)
        return response

    return guarded


def _ninja_operations(view: Callable[..., Any]) -> list[Any]:
    # Ninja gives Django a closure over the path's view; there is no public way back from it.
    if not inspect.isfunction(view) or "self" not in view.__code__.co_freevars:
        return []
    owner = inspect.getclosurevars(view).nonlocals.get("self")
    return list(owner.operations) if isinstance(owner, PathView) else []


def _ninja_permission(operation: Any) -> str | None:
    for callback in getattr(operation, "auth_callbacks", None) or ():
        if isinstance(callback, ninja_auth):
            return callback.permission
    return None
