"""Who may do what, where, and when."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from jiangcheng.core.access import rules
from jiangcheng.core.access.models import Assignment, AuditEntry, User

CITY_DIGITS = 4
"""Digits of an area code down to the city (GB/T 2260)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Scope:
    """Where a permission holds: everywhere, in areas, for facilities — or nowhere."""

    everything: bool = False
    region_codes: frozenset[str] = frozenset()
    """Prefixes of area codes."""
    facility_codes: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Tell whether the permission holds anywhere."""
        return self.everything or bool(self.region_codes) or bool(self.facility_codes)

    @property
    def whole_city(self) -> bool:
        """Whether the permission holds in all of the city: everywhere, or in an area no smaller than a city."""
        return self.everything or any(len(prefix) <= CITY_DIGITS for prefix in self.region_codes)

    def covers_region(self, code: str) -> bool:
        """Tell whether the permission holds in the area with this code."""
        return self.everything or rules.covers(self.region_codes, code)

    def covers_facility(self, code: str) -> bool:
        """Tell whether the permission was given for this very facility (or everywhere)."""
        return self.everything or code in self.facility_codes

    def as_filter(self, *, region: str, facility: str = "") -> Q:
        """Return the filter that keeps what the scope covers.

        Parameters
        ----------
        region, facility
            Look-ups of the area's and the facility's code, e.g. ``region__code``; without ``facility``
            a permission given for facilities shows nothing.
        """
        if self.everything:
            return Q()
        kept = Q(pk__in=())
        for prefix in self.region_codes:
            kept |= Q(**{f"{region}__startswith": prefix})
        if facility and self.facility_codes:
            kept |= Q(**{f"{facility}__in": sorted(self.facility_codes)})
        return kept


NOWHERE = Scope()


def assignments(user: User | AnonymousUser, on: dt.date) -> list[Assignment]:
    """Return the roles a person holds on a day; none for who is not logged in or was disabled."""
    if not isinstance(user, User) or not user.is_active:
        return []
    return list(
        Assignment.objects.filter(user=user, valid_from_date__lte=on)
        .filter(Q(valid_to_date=None) | Q(valid_to_date__gt=on))
        .select_related("role")
        .order_by("pk")
    )


def permissions_of(user: User | AnonymousUser, on: dt.date) -> frozenset[str]:
    """Return every permission a person has somewhere on a day."""
    held = [assignment for assignment in assignments(user, on) if _counts(assignment)]
    return frozenset(code for assignment in held for code in assignment.role.permissions)


def has(user: User | AnonymousUser, permission: str, on: dt.date) -> bool:
    """Tell whether a person has a permission somewhere on a day."""
    return permission in permissions_of(user, on)


def scope(user: User | AnonymousUser, permission: str, on: dt.date) -> Scope:
    """Return where a person has a permission on a day."""
    regions, facilities = set(), set()
    for held in assignments(user, on):
        if permission not in held.role.permissions or not _counts(held):
            continue
        if held.facility_code:
            facilities.add(held.facility_code)
        elif held.region_code:
            regions.add(rules.area_prefix(held.region_code))
        else:
            return Scope(everything=True)
    return Scope(region_codes=frozenset(regions), facility_codes=frozenset(facilities))


def role_for(user: User | AnonymousUser, permission: str, on: dt.date) -> str:
    """Return the code of the first role that gives a person the permission, else an empty text."""
    for held in assignments(user, on):
        if permission in held.role.permissions and _counts(held):
            return held.role.code
    return ""


def permissions_in(
    user: User | AnonymousUser, on: dt.date, *, region_code: str, facility_code: str
) -> frozenset[str]:
    """Return every permission a person has on something that lies in an area and belongs to a facility.

    Parameters
    ----------
    region_code, facility_code
        Codes, or empty where the thing has none.
    """
    reaching = [held for held in assignments(user, on) if _reaches(held, region_code, facility_code)]
    return frozenset(code for held in reaching for code in held.role.permissions)


def holders(permission: str, on: dt.date, *, region_code: str, facility_code: str) -> list[User]:
    """Return the active people who have a permission on something that lies there, by name."""
    valid = (
        Assignment.objects.filter(valid_from_date__lte=on, user__is_active=True)
        .filter(Q(valid_to_date=None) | Q(valid_to_date__gt=on))
        .select_related("role", "user")
    )
    people = {
        held.user
        for held in valid
        if permission in held.role.permissions and _reaches(held, region_code, facility_code)
    }
    return sorted(people, key=lambda user: (str(user), user.pk))


def may_read(
    user: User | AnonymousUser,
    field_class: str,
    on: dt.date,
    *,
    region_code: str = "",
    facility_code: str = "",
) -> bool:
    """Tell whether a person may read fields of a class on something that lies there.

    Raises
    ------
    KeyError
        If there is no such class.
    """
    wanted = rules.field_classes()[field_class]
    if not wanted:
        return True
    return wanted in permissions_in(user, on, region_code=region_code, facility_code=facility_code)


def audit_entries(*, actor: str = "", action: str = "", object_id: str = "") -> QuerySet[AuditEntry]:
    """Return the audit trail, latest first, narrowed by the start of the given texts."""
    entries: QuerySet[AuditEntry] = AuditEntry.objects.order_by("-sequence")
    if actor:
        entries = entries.filter(actor_name__startswith=actor)
    if action:
        entries = entries.filter(action__startswith=action)
    if object_id:
        entries = entries.filter(object_id__startswith=object_id)
    return entries


def _counts(held: Assignment) -> bool:
    return bool(held.facility_code) or not held.role.bound_to_facility


def _reaches(held: Assignment, region_code: str, facility_code: str) -> bool:
    if held.facility_code:
        return held.facility_code == facility_code
    if held.region_code:
        return rules.covers([rules.area_prefix(held.region_code)], region_code)
    return _counts(held)
