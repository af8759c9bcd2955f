"""Passwords: changed by their owner, reset by the security administrator, never one of the last ones."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from jiangcheng.core.access import rules
from jiangcheng.core.access.models import LoginFailure, PastPassword, User
from jiangcheng.core.access.services import audit, sessions
from jiangcheng.core.access.services.people import WeakPassword


class UsedBefore(ValueError):  # noqa: N818
    """The password is one of the person's last ones."""


class WrongPassword(ValueError):  # noqa: N818
    """The present password was not given."""


def change_password(*, user: User, present: str, new: str, now: dt.datetime, session: str = "") -> None:
    """Change one's own password; all other sessions end.

    Parameters
    ----------
    session
        Token of the session that goes on.

    Raises
    ------
    WrongPassword
        If ``present`` is not the present one.
    WeakPassword, UsedBefore
        If the new one is refused.
    """
    if not user.check_password(present):
        raise WrongPassword
    _set(user, new, now, by=user, forced=False)
    sessions.end_all(user=user, by="password", now=now, but=session)


def reset_password(*, user: User, new: str, actor: User, now: dt.datetime) -> None:
    """Set somebody's password; they have to change it at their next log-in, and all their sessions end.

    Raises
    ------
    WeakPassword, UsedBefore
        If it is refused.
    """
    _set(user, new, now, by=actor, forced=True)
    sessions.end_all(user=user, by="administrator", now=now)


def password_is_old(*, user: User, now: dt.datetime) -> bool:
    """Tell whether a person has to change the password before anything else."""
    if user.must_change_password:
        return True
    since = user.password_changed_at or user.date_joined
    return now - since > dt.timedelta(days=rules.log_in().password_days)


def unlock(*, user: User, actor: User, now: dt.datetime) -> None:
    """Forget the failed log-ins under a person's name, from all addresses."""
    with transaction.atomic():
        failures, _ = LoginFailure.objects.filter(username=user.username).delete()
        audit.record(
            actor=actor,
            action="access.unlock",
            object_type="user",
            object_id=user.username,
            after={"addresses": failures},
            at=now,
        )


def set_active(*, user: User, active: bool, actor: User, reason: str, now: dt.datetime) -> None:
    """Let a person log in, or no longer; a person who may not has no open session left."""
    with transaction.atomic():
        before = user.is_active
        user.is_active = active
        user.save(update_fields=["is_active"])
        if not active:
            sessions.end_all(user=user, by="administrator", now=now)
        audit.record(
            actor=actor,
            action="access.enable" if active else "access.disable",
            object_type="user",
            object_id=user.username,
            before={"active": before},
            after={"active": active},
            reason=reason,
            at=now,
        )


def _set(user: User, new: str, now: dt.datetime, *, by: User, forced: bool) -> None:
    try:
        validate_password(new, user)
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages)) from error
    kept = rules.log_in().password_reuse
    with transaction.atomic():
        past = list(user.past_passwords.order_by("-set_at", "-pk").values_list("hash", flat=True)[:kept])
        if any(check_password(new, hashed) for hashed in {user.password, *past}):
            raise UsedBefore
        PastPassword.objects.create(user=user, hash=user.password, set_at=now)
        user.set_password(new)
        user.password_changed_at, user.must_change_password = now, forced
        user.save(update_fields=["password", "password_changed_at", "must_change_password"])
        audit.record(
            actor=by,
            action="access.reset_password" if forced else "access.change_password",
            object_type="user",
            object_id=user.username,
            at=now,
        )
