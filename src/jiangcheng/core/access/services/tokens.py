"""Tokens by which programs and devices act for a person."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from jiangcheng.core.access import queries, rules
from jiangcheng.core.access.models import AccessToken, User
from jiangcheng.core.access.services import audit

PREFIX = "jct_"
NOTED_EVERY = dt.timedelta(seconds=60)


class TokenRefused(ValueError):  # noqa: N818
    """No token was made. ``reason`` is ``permissions``, ``days``, ``name`` or ``too_many``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def make_token(*, user: User, name: str, permissions: Iterable[str], days: int, now: dt.datetime) -> str:
    """Make a token and return it; only its hash is kept, so it is shown once.

    Raises
    ------
    TokenRefused
        If it asks for rights the person has not, lives too long, has no name, or is one too many.
    """
    wanted = sorted(set(permissions))
    if not wanted or not set(wanted) <= queries.permissions_of(user, timezone.localdate(now)):
        raise TokenRefused("permissions")
    if not 1 <= days <= rules.log_in().token_days:
        raise TokenRefused("days")
    if not name.strip():
        raise TokenRefused("name")
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if AccessToken.objects.filter(user=user, revoked_at=None, expires_at__gt=now).count() >= (
            rules.log_in().tokens_per_person
        ):
            raise TokenRefused("too_many")
        text = PREFIX + secrets.token_urlsafe(32)
        token = AccessToken.objects.create(
            user=user,
            name=name.strip()[:60],
            hash=_hash(text),
            hint=text[:10],
            permissions=wanted,
            created_at=now,
            expires_at=now + dt.timedelta(days=days),
        )
        _record(token, "access.make_token", user, now)
    return text


def revoke_token(*, token: AccessToken, actor: User, now: dt.datetime) -> None:
    """Take a token back; it opens nothing from now on."""
    with transaction.atomic():
        AccessToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)
        _record(token, "access.revoke_token", actor, now)


def token_of(*, text: str, now: dt.datetime) -> AccessToken | None:
    """Return the token a program shows, or None if it opens nothing."""
    found = AccessToken.objects.filter(
        hash=_hash(text), revoked_at=None, expires_at__gt=now, user__is_active=True
    )
    token = found.select_related("user").first()
    if token is not None and (token.last_used_at is None or now - token.last_used_at > NOTED_EVERY):
        AccessToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def _record(token: AccessToken, action: str, actor: User, now: dt.datetime) -> None:
    audit.record(
        actor=actor,
        action=action,
        object_type="user",
        object_id=token.user.username,
        after={"name": token.name, "hint": token.hint, "permissions": token.permissions},
        at=now,
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
