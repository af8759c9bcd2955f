"""People and their roles; log-in and its throttle."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from jiangcheng.core.access import queries, rules
from jiangcheng.core.access.models import Assignment, LoginFailure, Role, User
from jiangcheng.core.access.services import audit


class RoleConflict(ValueError):  # noqa: N818
    """A person may not hold two of the three administrators' roles."""


class FacilityMissing(ValueError):  # noqa: N818
    """The role is held for a facility, and none was named."""


class OwnRole(ValueError):  # noqa: N818
    """Nobody grants a role to themselves."""


class UnknownRole(LookupError):  # noqa: N818
    """There is no such role."""


class UsernameTaken(ValueError):  # noqa: N818
    """Somebody else logs in by this name."""


class WeakPassword(ValueError):  # noqa: N818
    """The password is refused; the message says why."""


def load_roles() -> None:
    """Bring the roles of this version into the database; safe to call again."""
    for role in rules.role_definitions():
        Role.objects.update_or_create(
            code=role.code,
            defaults={
                "name_zh": role.name_zh,
                "name_en": role.name_en,
                "permissions": list(role.permissions),
                "exclusive_group": role.exclusive_group,
                "bound_to_facility": role.bound_to_facility,
            },
        )


def create_user(
    *,
    username: str,
    password: str,
    display_name: str,
    at: dt.datetime,
    actor: User | None = None,
    phone: str = "",
    language: str = "zh-hans",
    email: str = "",
    must_change_password: bool = False,
) -> User:
    """Create a person with a log-in.

    Raises
    ------
    WeakPassword
        If the password is refused.
    UsernameTaken
        If the log-in name is taken.
    """
    user = User(
        username=username,
        display_name=display_name,
        phone=phone,
        language=language,
        email=email,
        must_change_password=must_change_password,
    )
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages)) from error
    user.set_password(password)
    with transaction.atomic():
        if User.objects.filter(username=username).exists():
            raise UsernameTaken(username)
        user.save()
        audit.record(
            actor=actor,
            action="access.create_user",
            object_type="user",
            object_id=username,
            after={"display_name": display_name},
            at=at,
        )
    return user


def assign_role(
    *,
    user: User,
    role: str,
    on: dt.date,
    at: dt.datetime,
    until: dt.date | None = None,
    region_code: str = "",
    facility_code: str = "",
    actor: User | None = None,
) -> Assignment:
    """Give a person a role in ``[on, until)``; the same assignment twice is one.

    Raises
    ------
    RoleConflict
        If the person holds another role of the same exclusive group in that period.
    FacilityMissing
        If the role is bound to a facility and none is named.
    OwnRole
        If the person acts on their own behalf.
    UnknownRole
        If there is no such role.
    """
    if actor is not None and actor.pk == user.pk:
        raise OwnRole(role)
    wanted = Role.objects.filter(code=role).first()
    if wanted is None:
        raise UnknownRole(role)
    if wanted.bound_to_facility and not facility_code:
        raise FacilityMissing(role)
    with transaction.atomic():
        # The lock on the person makes two simultaneous assignments see each other.
        User.objects.select_for_update().get(pk=user.pk)
        _refuse_conflict(user, wanted, on, until)
        assignment, created = Assignment.objects.get_or_create(
            user=user,
            role=wanted,
            region_code=region_code,
            facility_code=facility_code,
            valid_from_date=on,
            valid_to_date=until,
        )
        if created:
            audit.record(
                actor=actor,
                action="access.assign_role",
                object_type="user",
                object_id=user.username,
                after={
                    "role": role,
                    "region_code": region_code,
                    "facility_code": facility_code,
                    "valid_from_date": on,
                    "valid_to_date": until,
                },
                at=at,
            )
    return assignment


def _refuse_conflict(user: User, wanted: Role, on: dt.date, until: dt.date | None) -> None:
    if not wanted.exclusive_group:
        return
    others = (
        Assignment.objects.filter(user=user, role__exclusive_group=wanted.exclusive_group)
        .exclude(role=wanted)
        .filter(Q(valid_to_date=None) | Q(valid_to_date__gt=on))
    )
    if until:
        others = others.filter(valid_from_date__lt=until)
    if other := others.select_related("role").first():
        raise RoleConflict(f"{user.username} is {other.role.code} and may not be {wanted.code} as well")


def remaining_wait(*, username: str, address: str, now: dt.datetime) -> int:
    """Return how long the next attempt to log in has to wait [s]; 0 if it may be made now."""
    row = LoginFailure.objects.filter(username=username, address=address).first()
    if row is None:
        return 0
    until = row.last_at + dt.timedelta(seconds=rules.wait_after(row.failures))
    return max(0, -int((now - until).total_seconds() // 1))


def login_failed(*, username: str, address: str, now: dt.datetime) -> int:
    """Count a failed log-in, put it on the audit trail, and return the waiting time [s] it causes."""
    with transaction.atomic():
        LoginFailure.objects.get_or_create(
            username=username, address=address, defaults={"failures": 0, "last_at": now}
        )
        row = LoginFailure.objects.select_for_update().get(username=username, address=address)
        row.failures, row.last_at = row.failures + 1, now
        row.save()
        audit.record(
            actor=None,
            action="access.login_refused",
            object_type="user",
            object_id=username[:80],
            after={"failures": row.failures},
            address=address,
            at=now,
        )
    return rules.wait_after(row.failures)


def login_succeeded(*, user: User, address: str, now: dt.datetime) -> int:
    """Forget the failures, put the log-in on the audit trail, and return the session's length [s]."""
    with transaction.atomic():
        LoginFailure.objects.filter(username=user.username, address=address).delete()
        _record_session(user, "access.login", address, now)
    administrator = is_administrator(user=user, now=now)
    return rules.ADMINISTRATOR_SESSION_SECONDS if administrator else rules.SESSION_SECONDS


def is_administrator(*, user: User, now: dt.datetime) -> bool:
    """Tell whether a person is one of the three administrators today."""
    held = queries.assignments(user, timezone.localdate(now))
    return any(assignment.role.exclusive_group for assignment in held)


def logged_out(*, user: User, address: str, now: dt.datetime) -> None:
    """Put the log-out on the audit trail."""
    _record_session(user, "access.logout", address, now)


def set_language(*, user: User, language: str) -> None:
    """Remember the language a person reads in."""
    User.objects.filter(pk=user.pk).update(language=language)


def _record_session(user: User, action: str, address: str, now: dt.datetime) -> None:
    audit.record(
        actor=user, action=action, object_type="user", object_id=user.username[:80], address=address, at=now
    )
