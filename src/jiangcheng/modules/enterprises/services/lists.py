"""Positive and negative lists: entry, review and exit, each with a reason."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from jiangcheng.core.access.models import User
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import queries as registry_queries
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.enterprises import queries, rules
from jiangcheng.modules.enterprises.models import ListEntry
from jiangcheng.standards import periods

REGISTER = "supervision-lists"


class ListRefused(ValueError):  # noqa: N818
    """``list``, ``reason_required``, ``colour`` (barred by its colour), ``listed`` or ``left``."""


def enter_list(
    *, facility: Facility, list_code: str, reason: str, actor: User | None, now: dt.datetime
) -> ListEntry:
    """Put a facility on a list if the rules in force let it; the review follows from them.

    Raises
    ------
    ListRefused
        ``list``, ``reason_required``, ``colour`` or ``listed``.
    """
    on = _day(now)
    terms = rules.in_force("lists", on)["lists"].get(list_code)
    if terms is None:
        raise ListRefused("list")
    if not reason.strip():
        raise ListRefused("reason_required")
    if _colour(facility, on) in terms["barred_by_colours"]:
        raise ListRefused("colour")
    with transaction.atomic():
        if queries.list_entries(facility=facility, on=on).filter(list_code=list_code).exists():
            raise ListRefused("listed")
        values = {
            "facility": facility,
            "list_code": list_code,
            "reason": reason.strip(),
            "valid_from_date": on,
            "review_date": on + dt.timedelta(days=terms["review_days"]),
        }
        entry = records.create(register=REGISTER, values=values, actor=actor, at=now)
        assert isinstance(entry, ListEntry)
        _label(entry, now, actor)
    return entry


def leave_list(*, entry: ListEntry, reason: str, actor: User | None, now: dt.datetime) -> ListEntry:
    """Take a facility off a list from today on.

    Raises
    ------
    ListRefused
        ``reason_required``, or ``left`` where it is off already.
    """
    if not reason.strip():
        raise ListRefused("reason_required")
    on = _day(now)
    if entry.valid_to_date is not None and entry.valid_to_date <= on:
        raise ListRefused("left")
    with transaction.atomic():
        values = {"valid_to_date": on, "exit_reason": reason.strip()}
        records.change(record=entry, values=values, actor=actor, at=now, reason=reason.strip())
        assert entry.facility is not None
        registry.end_label(
            facility=entry.facility,
            scheme=scheme(entry.list_code),
            on=on,
            at=now,
            reason=reason.strip(),
            actor=actor,
        )
    entry.refresh_from_db()
    return entry


def review_lists(*, now: dt.datetime) -> int:
    """Take off the lists whom the rules in force bar by colour today; return how many.

    Who came on a list through the register gets its label here, and whose entry was withdrawn there loses it.
    """
    on = _day(now)
    table = rules.in_force("lists", on)["lists"]
    left = 0
    for list_code, terms in table.items():
        for entry in queries.public_list(list_code=list_code, on=on):
            colour = _colour(entry.facility, on)
            if colour in terms["barred_by_colours"]:
                leave_list(entry=entry, reason=f"四色标识为 {colour}，不再符合条件", actor=None, now=now)
                left += 1
            else:
                _label(entry, now, None)
        _end_stray_labels(list_code, on, now)
    return left


def scheme(list_code: str) -> str:
    """Return the label scheme of a list."""
    return f"list-{list_code}"


def _label(entry: ListEntry, now: dt.datetime, actor: User | None) -> None:
    assert entry.facility is not None
    registry.label_facility(
        facility=entry.facility,
        scheme=scheme(entry.list_code),
        code="listed",
        on=_day(now),
        at=now,
        reasons=[{"text_zh": entry.reason, "text_en": entry.reason, "record": entry.number}],
        source=entry.number,
        rule_version=rules.in_force("lists", _day(now))["version"],
        actor=actor,
    )


def _end_stray_labels(list_code: str, on: dt.date, now: dt.datetime) -> None:
    """End the labels that entries gave which do not hold any more; labels of other origin stay."""
    listed = queries.public_list(list_code=list_code, on=on).values("pk")
    gone = ListEntry.objects.filter(list_code=list_code).exclude(pk__in=listed)
    stray = registry_queries.valid_labels(on=on).filter(
        scheme=scheme(list_code), source__in=gone.values("number")
    )
    for label in stray.select_related("facility"):
        registry.end_label(
            facility=label.facility, scheme=label.scheme, on=on, at=now, reason="清单记录已撤销或到期"
        )


def _colour(facility: Facility | None, on: dt.date) -> str:
    label = registry_queries.labels(facility=facility, on=on).get("colour") if facility else None
    return label.code if label else ""


def _day(at: dt.datetime) -> dt.date:
    return at.astimezone(periods.BEIJING).date()
