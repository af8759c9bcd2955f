"""The colour of every enterprise: computed nightly, told to the enterprise, appealed, overridden by two."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.db import transaction
from django.urls import reverse

from jiangcheng.core.access import queries as access_queries
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import rules as case_rules
from jiangcheng.core.manifest import manifests
from jiangcheng.core.portal import services as portal
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import queries as registry_queries
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.enterprises import queries, rules
from jiangcheng.modules.enterprises.models import ColourAppeal, ColourOverride
from jiangcheng.standards import periods

SCHEME = "colour"


class OverrideRefused(ValueError):  # noqa: N818
    """``colour``, ``reason_required``, ``until`` (not in the future), ``same_person``, ``done`` or ``term``."""


def evaluate_colours(*, now: dt.datetime) -> int:
    """Give every facility the colour of the rules in force, and tell whom it changed for; return how many.

    A colour that two persons have set stays until its last day or until it is replaced.
    """
    changed = 0
    overridden = _overridden(_day(now))
    for facility in Facility.objects.exclude(pk__in=overridden).select_related("region").order_by("pk"):
        changed += _evaluate(facility, now)
    return changed


def hand_in_appeal(*, facility: Facility, actor: User, text: str, now: dt.datetime) -> ColourAppeal:
    """Appeal against the colour that holds, within its term; the caller has checked that the person speaks for it.

    Raises
    ------
    OverrideRefused
        ``colour`` where none holds, ``reason_required``, or ``term`` when the days of appeal are over.
    """
    on = _day(now)
    label = registry_queries.labels(facility=facility, on=on).get(SCHEME)
    if label is None:
        raise OverrideRefused("colour")
    if not text.strip():
        raise OverrideRefused("reason_required")
    if on > _last_day_of_appeal(label.decided_at, on):
        raise OverrideRefused("term")
    values = {"facility": facility, "colour": label.code, "text": text.strip()}
    row = records.create(register="colour-appeals", values=values, actor=actor, at=now)
    assert isinstance(row, ColourAppeal)
    return row


def appeal_upheld(*, record_number: str, actor: User, now: dt.datetime, details: Any, text: str) -> None:
    """Propose the next better colour after an appeal was upheld; a second person has to confirm it."""
    appeal = ColourAppeal.objects.select_related("facility").get(number=record_number)
    assert appeal.facility is not None
    better = rules.COLOURS[max(rules.COLOURS.index(appeal.colour) - 1, 0)]
    days = rules.in_force("colours", _day(now))["valid_days"]
    propose_override(
        facility=appeal.facility,
        colour=better,
        reason=f"{record_number} {text}"[:300],
        until=_day(now) + dt.timedelta(days=days),
        actor=actor,
        now=now,
    )


def propose_override(
    *, facility: Facility, colour: str, reason: str, until: dt.date, actor: User, now: dt.datetime
) -> ColourOverride:
    """Propose another colour; nothing changes before `confirm_override`.

    Raises
    ------
    OverrideRefused
        ``colour``, ``reason_required`` or ``until``.
    """
    if colour not in rules.COLOURS:
        raise OverrideRefused("colour")
    if not reason.strip():
        raise OverrideRefused("reason_required")
    if until <= _day(now):
        raise OverrideRefused("until")
    with transaction.atomic():
        proposal = ColourOverride.objects.create(
            facility=facility,
            colour=colour,
            reason=reason.strip(),
            until_date=until,
            proposed_by=actor,
            proposed_at=now,
        )
        _note(proposal, actor, "propose_colour", now)
    return proposal


def confirm_override(*, proposal: ColourOverride, actor: User, now: dt.datetime) -> ColourOverride:
    """Confirm a proposal, as another person; the colour holds from today until its last day.

    Raises
    ------
    OverrideRefused
        ``same_person``, ``done``, or ``until`` where its last day has passed.
    """
    on = _day(now)
    with transaction.atomic():
        proposal = ColourOverride.objects.select_for_update().select_related("facility").get(pk=proposal.pk)
        if proposal.confirmed_at is not None:
            raise OverrideRefused("done")
        if proposal.proposed_by_id == actor.pk:
            raise OverrideRefused("same_person")
        if proposal.until_date <= on:
            raise OverrideRefused("until")
        proposal.confirmed_by, proposal.confirmed_at = actor, now
        proposal.save(update_fields=["confirmed_by", "confirmed_at"])
        registry.label_facility(
            facility=proposal.facility,
            scheme=SCHEME,
            code=proposal.colour,
            on=on,
            at=now,
            until=proposal.until_date,
            reasons=[
                {"text_zh": f"人工认定：{proposal.reason}", "text_en": f"Set by hand: {proposal.reason}"}
            ],
            source=str(proposal.proposed_by),
            rule_version="manual",
            actor=actor,
        )
        _note(proposal, actor, "confirm_colour", now)
        _tell(proposal.facility, proposal.colour, now)
    return proposal


def _evaluate(facility: Facility, now: dt.datetime) -> bool:
    on = _day(now)
    table = rules.in_force("colours", on)
    judged = rules.judge_colour(queries.colour_inputs(facility=facility, now=now), table)
    before = registry_queries.labels(facility=facility, on=on).get(SCHEME)
    reasons = [{**dataclasses.asdict(reason), "rows": list(reason.rows)} for reason in judged.reasons]
    if before and before.code == judged.colour and before.reasons == reasons and not _expires(before, on):
        return False
    with transaction.atomic():
        registry.label_facility(
            facility=facility,
            scheme=SCHEME,
            code=judged.colour,
            on=on,
            at=now,
            until=on + dt.timedelta(days=table["valid_days"]),
            reasons=reasons,
            source=table["source"],
            rule_version=table["version"],
        )
        changed = before is None or before.code != judged.colour
        if changed:
            _tell(facility, judged.colour, now)
    return changed


def _expires(label: Any, on: dt.date) -> bool:
    return label.valid_to_date is not None and label.valid_to_date <= on + dt.timedelta(days=1)


def _overridden(on: dt.date) -> list[int]:
    held = registry_queries.valid_labels(on=on).filter(scheme=SCHEME, rule_version="manual")
    return list(held.values_list("facility_id", flat=True))


def _tell(facility: Facility, colour: str, now: dt.datetime) -> None:
    names = {value.code: value.names for value in manifests.label_schemes()[SCHEME].values}[colour]
    people = access_queries.holders(
        queries.OWN, _day(now), region_code=facility.region.code, facility_code=facility.code
    )
    portal.notify(
        kind="enterprises.colour",
        to=people,
        text_zh=f"{facility.name_zh} 的四色标识为{names.zh}，如有异议可申诉",
        text_en=f"{facility.name_en} is {names.en.lower()}; you may appeal",
        url=reverse("enterprises:own"),
        at=now,
    )


def _last_day_of_appeal(decided: dt.datetime, on: dt.date) -> dt.date:
    day, left = _day(decided), rules.in_force("colours", on)["appeal_working_days"]
    calendar = case_rules.working_calendar()
    while left:
        day += dt.timedelta(days=1)
        left -= calendar.is_working(day)
    return day


def _day(at: dt.datetime) -> dt.date:
    return at.astimezone(periods.BEIJING).date()


def _note(proposal: ColourOverride, actor: User, action: str, now: dt.datetime) -> None:
    access.record(
        actor=actor,
        action=f"enterprises.{action}",
        object_type="facility",
        object_id=proposal.facility.code,
        after={"colour": proposal.colour, "until": proposal.until_date.isoformat()},
        reason=proposal.reason,
        at=now,
    )
