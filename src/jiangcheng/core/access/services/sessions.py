"""Open sessions: how many, since when, and when they end by themselves."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

from django.db.models import QuerySet

from jiangcheng.core.access import rules
from jiangcheng.core.access.models import OpenSession, User
from jiangcheng.core.access.services import audit

NOTED_EVERY = dt.timedelta(seconds=60)
"""How often the instant of the last act is written."""


def open_session(*, user: User, address: str, agent: str, now: dt.datetime) -> str:
    """Open a session and return its token; a person's oldest one ends where there are too many."""
    token = secrets.token_urlsafe(32)
    OpenSession.objects.create(
        token_hash=_hash(token), user=user, started_at=now, active_at=now, address=address, agent=agent[:200]
    )
    kept = rules.log_in().sessions_per_person
    crowded = running(user=user).order_by("-active_at", "-pk").values_list("pk", flat=True)[kept:]
    _end(OpenSession.objects.filter(pk__in=list(crowded)), "crowded", now)
    return token


def check_session(*, token: str, user: User, now: dt.datetime, active: bool) -> str:
    """Return why a session has ended, or an empty text while it runs.

    Parameters
    ----------
    active
        True where the person did something, false for what a screen fetches by itself.
    """
    session = OpenSession.objects.filter(token_hash=_hash(token), user=user).first()
    if session is None:
        return "unknown"
    if session.ended_at is not None:
        return session.ended_by
    if now - session.active_at > dt.timedelta(seconds=rules.log_in().idle_seconds):
        _end(OpenSession.objects.filter(pk=session.pk), "idle", now)
        return "idle"
    if active and now - session.active_at > NOTED_EVERY:
        OpenSession.objects.filter(pk=session.pk).update(active_at=now)
    return ""


def end_session(*, session: OpenSession, actor: User, by: str, now: dt.datetime, address: str = "") -> None:
    """End a session of somebody; the next click there leads to the log-in page."""
    _end(OpenSession.objects.filter(pk=session.pk), by, now)
    audit.record(
        actor=actor,
        action="access.end_session",
        object_type="user",
        object_id=session.user.username,
        after={"started_at": session.started_at.isoformat(), "address": session.address},
        address=address,
        at=now,
    )


def end_all(*, user: User, by: str, now: dt.datetime, but: str = "") -> None:
    """End all sessions of a person, but the one with this token."""
    ended = running(user=user)
    _end(ended.exclude(token_hash=_hash(but)) if but else ended, by, now)


def close_session(*, token: str, now: dt.datetime) -> None:
    """Note that a person logged out."""
    _end(OpenSession.objects.filter(token_hash=_hash(token)), "person", now)


def is_of(session: OpenSession, token: str) -> bool:
    """Tell whether a session is the one with this token."""
    return session.token_hash == _hash(token)


def running(*, user: User) -> QuerySet[OpenSession]:
    """Return the sessions of a person that have not ended."""
    return OpenSession.objects.filter(user=user, ended_at=None)


def _end(sessions: QuerySet[OpenSession], by: str, now: dt.datetime) -> None:
    sessions.filter(ended_at=None).update(ended_at=now, ended_by=by)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
