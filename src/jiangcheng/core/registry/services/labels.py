"""What facilities count as: dated, with reasons, never overwritten."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.manifest import manifests
from jiangcheng.core.registry.models import Facility, FacilityLabel


class UnknownLabel(LookupError):  # noqa: N818
    """No manifest declares this value of this scheme."""


def label_facility(
    *,
    facility: Facility,
    scheme: str,
    code: str,
    on: dt.date,
    at: dt.datetime,
    until: dt.date | None = None,
    reasons: Sequence[Mapping[str, Any]] = (),
    source: str = "",
    rule_version: str = "",
    actor: User | None = None,
) -> FacilityLabel:
    """Give a facility a value from a day on; the value before ends that day.

    The same value with the same reasons as the one that holds is not written again.

    Raises
    ------
    UnknownLabel
        If the scheme or the value is not declared.
    """
    declared = manifests.label_schemes().get(scheme)
    if declared is None or code not in {value.code for value in declared.values}:
        raise UnknownLabel(f"{scheme}={code}")
    with transaction.atomic():
        Facility.objects.select_for_update().get(pk=facility.pk)
        before = _held(facility, scheme, on)
        if before and (before.code, before.reasons, before.valid_to_date) == (code, list(reasons), until):
            return before
        if before:
            _ended(before, on)
        label = FacilityLabel.objects.create(
            facility=facility,
            scheme=scheme,
            code=code,
            valid_from_date=on,
            valid_to_date=until,
            reasons=[dict(reason) for reason in reasons],
            source=source,
            rule_version=rule_version,
            decided_by=actor,
            decided_at=at,
        )
        access.record(
            actor=actor,
            action="registry.label",
            object_type="facility",
            object_id=facility.code,
            before={scheme: before.code} if before else {},
            after={scheme: code, "from": on.isoformat()},
            reason=source,
            at=at,
        )
    return label


def end_label(
    *,
    facility: Facility,
    scheme: str,
    on: dt.date,
    at: dt.datetime,
    reason: str,
    actor: User | None = None,
) -> FacilityLabel | None:
    """End what a facility counts as in a scheme; returns it, or None where nothing held."""
    with transaction.atomic():
        Facility.objects.select_for_update().get(pk=facility.pk)
        label = _held(facility, scheme, on)
        if label is None:
            return None
        _ended(label, on)
        access.record(
            actor=actor,
            action="registry.label_ended",
            object_type="facility",
            object_id=facility.code,
            before={scheme: label.code},
            after={scheme: None, "from": on.isoformat()},
            reason=reason,
            at=at,
        )
    return label


def _held(facility: Facility, scheme: str, on: dt.date) -> FacilityLabel | None:
    valid = Q(valid_to_date=None) | Q(valid_to_date__gt=on)
    return (
        FacilityLabel.objects.filter(valid, facility=facility, scheme=scheme, valid_from_date__lte=on)
        .order_by("-valid_from_date", "-pk")
        .first()
    )


def _ended(label: FacilityLabel, on: dt.date) -> None:
    label.valid_to_date = on
    label.save(update_fields=["valid_to_date"])
