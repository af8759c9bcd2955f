"""What the public does here, and what staff do for them."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from jiangcheng.core.access import queries as access_queries
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Case
from jiangcheng.core.portal import services as portal
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry import services as evidence
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.modules.participation import queries, rules
from jiangcheng.modules.participation.models import (
    Attempt,
    Booking,
    Complaint,
    Correction,
    Opening,
    Release,
)

NAME, CONTACT = "participation.name", "participation.contact"
HOUR = dt.timedelta(hours=1)
MOST_OBSERVATIONS = 5_000
"""Complaints of one event that a room is told."""


class Refused(Exception):  # noqa: N818
    """Nothing was done. ``reason`` is ``too_often``, ``text_required``, ``kind``, ``outside``, ``file``,
    ``unknown``, ``rated``, ``score``, ``full``, ``people``, ``permission`` or ``reason_required``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def complain(
    *,
    text: str,
    kind: str,
    address: str,
    at: dt.datetime,
    longitude: float | None = None,
    latitude: float | None = None,
    facility: Facility | None = None,
    region: Region | None = None,
    name: str = "",
    contact: str = "",
    plate: str = "",
    channel: str = Complaint.Channel.WEB,
    files: Sequence[File[bytes]] = (),
) -> tuple[Complaint, str]:
    """Take a complaint, and return it with the code by which it is followed; the code is shown only now.

    The place is the point, else that of the first photograph, else the facility, else the area, else the city.

    Raises
    ------
    Refused
        ``too_often``, ``text_required``, ``kind``, ``outside`` for a point outside of the city, or ``file``.
    """
    _not_too_often(
        "report", address, at, rules.limit("reports_per_address_hour"), rules.limit("reports_per_hour")
    )
    if not text.strip():
        raise Refused("text_required")
    if kind not in {item["code"] for item in rules.kinds()}:
        raise Refused("kind")
    code = rules.follow_code(secrets.token_bytes(16))
    with transaction.atomic():
        try:
            proof = [evidence.store_evidence(file=file, actor=None, at=at) for file in files]
        except evidence.EvidenceRefused as error:
            raise Refused("file") from error
        if longitude is None:
            placed = next((item for item in proof if item.longitude is not None), None)
            longitude, latitude = (placed.longitude, placed.latitude) if placed else (None, None)
        on = timezone.localdate(at)
        if (
            longitude is not None
            and latitude is not None
            and registry.leaf_grid(longitude, latitude, on) is None
        ):
            raise Refused("outside")
        title = text.strip().splitlines()[0][:60]
        finding = cases.report(
            finding=cases.FindingReport(
                kind=f"participation.{kind}",
                dedup_key=f"participation.{kind}:{secrets.token_hex(12)}",
                rule_version="",
                title_zh=title,
                title_en=title,
                severity=2,
                first_at=at,
                last_at=at,
                evidence={"start": at.isoformat(), "end": at.isoformat(), "channel": channel},
                longitude=longitude,
                latitude=latitude,
                facility_id=facility.pk if facility else None,
                description=text.strip()[: rules.limit("most_text")],
                terms=rules.terms(channel, at, on),
            ),
            now=at,
        )
        finding.ended_at = at
        finding.save(update_fields=["ended_at"])
        case = finding.case
        assert case is not None
        if case.region is None and region is not None:
            case.region = region
            case.save(update_fields=["region"])
        complaint = Complaint.objects.create(
            case=case,
            channel=channel,
            kind=kind,
            code_hash=rules.code_hash(case.number, code),
            sealed_name=access.sealed(name.strip()[:60], purpose=NAME) if name.strip() else "",
            sealed_contact=access.sealed(contact.strip()[:80], purpose=CONTACT) if contact.strip() else "",
            plate=plate[:400],
            received_at=at,
        )
        complaint.photos.set(proof)
        _mark_repeat(complaint, on)
        portal.notify_permission(
            "cases.dispatch",
            case.region.code if case.region else "",
            "",
            kind="participation.complaint",
            text_zh=f"新的公众投诉：{title}",
            text_en=f"New complaint: {title}",
            url=f"/cases/{case.number}",
            at=at,
        )
    return complaint, code


def note_first_answer(*, case_number: str, action: str, now: dt.datetime, **_: Any) -> None:
    """Answer ``case.acted.COMPLAINT``: after the first answer, what is handled again is bound by the closing."""
    if action != "reply":
        return
    # Cases that were reported in person, or split off, follow the workflow's own clocks or their parent's terms.
    complaint = Complaint.objects.select_related("case").filter(case__number=case_number).first()
    if complaint is None or not complaint.case.terms:
        return
    at = complaint.received_at
    told = rules.terms(complaint.channel, at, timezone.localdate(at), answered=True)
    complaint.case.terms = {**told, "added_hours": complaint.case.terms["added_hours"]}
    complaint.case.save(update_fields=["terms"])


def _mark_repeat(complaint: Complaint, on: dt.date) -> None:
    """Link a new complaint with the first one of its matter; who complained plays no part in it."""
    told = rules.in_force("repeats", on)
    matter = queries.matter(complaint)
    found = rules.repeated(
        matter,
        queries.matters_near(matter=matter, days=told["days"], metres=told["metres"]),
        days=told["days"],
        metres=told["metres"],
    )
    if found is not None:
        earlier = Complaint.objects.get(pk=found.key)
        complaint.repeat_of_id = earlier.repeat_of_id or earlier.pk
        complaint.save(update_fields=["repeat_of"])


def observations(*, kind: str, since: dt.datetime, until: dt.datetime) -> list[dict[str, Any]]:
    """Answer the hook ``complaint.observations``: complaints of a kind in ``[since, until)`` that have a place.

    Who complained stays sealed: ``reporter`` is a keyed digest of the contact, the same for the same contact and
    useless for finding it.
    """
    rows = (
        Complaint.objects.filter(kind=kind, received_at__gte=since, received_at__lt=until)
        .exclude(case__longitude=None)
        .exclude(case__state="refused")
        .select_related("case")
        .order_by("received_at", "pk")
    )
    return [
        {
            "case": row.case.number,
            "at": row.received_at,
            "longitude": row.case.longitude,
            "latitude": row.case.latitude,
            "text": row.case.title_zh,
            "reporter": _digest_of(row.sealed_contact),
        }
        for row in rows[:MOST_OBSERVATIONS]
    ]


def _digest_of(sealed_contact: str) -> str:
    """Return a keyed digest of a contact, empty where there is none or it cannot be read any more."""
    if not sealed_contact:
        return ""
    try:
        contact = access.opened(sealed_contact, purpose=CONTACT)
    except access.Broken:
        return ""
    # A telephone is the same with and without spaces, dashes and the country's prefix.
    digits = "".join(letter for letter in contact if letter.isdecimal())
    same = digits[-11:] if len(digits) >= 7 else contact.strip().casefold()
    return hmac.new(settings.SECRET_KEY.encode(), same.encode(), hashlib.sha256).hexdigest()[:24]


def found(*, number: str, code: str, address: str, at: dt.datetime) -> Complaint:
    """Return the complaint of a number and a code.

    Raises
    ------
    Refused
        ``unknown`` where they do not fit, ``too_often`` after many tries.
    """
    _not_too_often("follow", address, at, rules.limit("follow_tries_hour"), 10**6)
    hashed = rules.code_hash(number.strip().upper(), code)
    complaint = (
        Complaint.objects.filter(case__number=number.strip().upper(), code_hash=hashed)
        .select_related("case__workflow", "case__region")
        .first()
    )
    if complaint is None:
        raise Refused("unknown")
    return complaint


def rate(*, complaint: Complaint, score: int, comment: str, at: dt.datetime) -> Complaint:
    """Take how satisfied a complainant is, once, after the reply.

    Raises
    ------
    Refused
        ``rated``, or ``score`` outside of 1 … 5.
    """
    if not 1 <= score <= 5:
        raise Refused("score")
    with transaction.atomic():
        locked = Complaint.objects.select_for_update(of=("self",)).select_related("case").get(pk=complaint.pk)
        if locked.score is not None or locked.case.state not in ("replied", "closed"):
            raise Refused("rated")
        locked.score, locked.comment, locked.rated_at = score, comment.strip()[:500], at
        locked.save()
    return locked


def write_reply(*, complaint: Complaint, text: str, actor: User, at: dt.datetime) -> Complaint:
    """Write what the complainant reads of the result.

    Raises
    ------
    Refused
        ``permission`` or ``text_required``.
    """
    _permitted(complaint.case, "participation.manage", actor, at)
    if not text.strip():
        raise Refused("text_required")
    with transaction.atomic():
        before = complaint.reply
        complaint.reply = text.strip()[:4000]
        complaint.save(update_fields=["reply"])
        access.record(
            actor=actor,
            action="participation.reply",
            object_type="complaint",
            object_id=complaint.case.number,
            before={"reply": before},
            after={"reply": complaint.reply},
            at=at,
        )
    return complaint


def open_identity(
    *, complaint: Complaint, actor: User, reason: str, at: dt.datetime, address: str = ""
) -> dict[str, str]:
    """Return name and contact of a complainant, and note who read them and why before they are shown.

    Raises
    ------
    Refused
        ``permission`` or ``reason_required``.
    """
    _permitted(complaint.case, "access.personal", actor, at)
    if not reason.strip():
        raise Refused("reason_required")
    with transaction.atomic():
        access.read_personal(
            actor=actor,
            object_type="complaint",
            object_id=complaint.case.number,
            fields=("name", "contact"),
            reason=reason.strip()[:200],
            at=at,
            address=address,
        )
    return {
        "name": access.opened(complaint.sealed_name, purpose=NAME) if complaint.sealed_name else "",
        "contact": access.opened(complaint.sealed_contact, purpose=CONTACT)
        if complaint.sealed_contact
        else "",
    }


def correct(*, subject: str, text: str, contact: str, address: str, at: dt.datetime) -> Correction:
    """Take the objection of somebody to something published.

    Raises
    ------
    Refused
        ``too_often`` or ``text_required``.
    """
    _not_too_often("correct", address, at, rules.limit("corrections_per_address_hour"), 10**6)
    if not text.strip() or not subject.strip():
        raise Refused("text_required")
    values = {
        "subject": subject.strip()[:200],
        "text": text.strip()[: rules.limit("most_text")],
        "sealed_contact": access.sealed(contact.strip()[:80], purpose=CONTACT) if contact.strip() else "",
    }
    record = records.create(register="corrections", values=values, actor=None, at=at)
    assert isinstance(record, Correction)
    return record


def book(
    *, opening: Opening, people: int, contact: str, address: str, at: dt.datetime
) -> tuple[Booking, str]:
    """Book places, never more than there are, and return the booking with its code.

    Raises
    ------
    Refused
        ``too_often``, ``people`` outside of 1 … 10, ``full``, or ``unknown`` where it is not open for booking.
    """
    _not_too_often("book", address, at, rules.limit("bookings_per_address_hour"), 10**6)
    if not 1 <= people <= 10:
        raise Refused("people")
    code = rules.follow_code(secrets.token_bytes(16))
    with transaction.atomic():
        # The lock on the day makes simultaneous bookings queue.
        locked = Opening.objects.select_for_update(of=("self",)).get(pk=opening.pk)
        if locked.state != "planned" or locked.withdrawn_at is not None or locked.starts_at <= at:
            raise Refused("unknown")
        taken = locked.bookings.filter(cancelled_at=None).aggregate(n=Sum("people"))["n"] or 0
        if taken + people > locked.places:
            raise Refused("full")
        booking = Booking.objects.create(
            opening=locked,
            code_hash=rules.code_hash(locked.number, code),
            people=people,
            sealed_contact=access.sealed(contact.strip()[:80], purpose=CONTACT) if contact.strip() else "",
            booked_at=at,
        )
    return booking, code


def cancel_booking(*, number: str, code: str, address: str, at: dt.datetime) -> Booking:
    """Give booked places back.

    Raises
    ------
    Refused
        ``too_often`` or ``unknown``.
    """
    _not_too_often("follow", address, at, rules.limit("follow_tries_hour"), 10**6)
    hashed = rules.code_hash(number.strip(), code)
    with transaction.atomic():
        rows = Booking.objects.select_for_update().filter(opening__number=number.strip(), cancelled_at=None)
        booking = rows.filter(code_hash=hashed).first()
        if booking is None:
            raise Refused("unknown")
        booking.cancelled_at = at
        booking.save(update_fields=["cancelled_at"])
    return booking


def note_published(*, record_number: str, actor: User, now: dt.datetime, **_: Any) -> None:
    """Answer ``record.releases.publish``: the instant is kept with the release."""
    release = Release.objects.get(number=record_number)
    records.change(record=release, values={"published_at": now}, actor=actor, at=now, reason="发布")


def note_answered(*, record_number: str, actor: User, now: dt.datetime, text: str = "", **_: Any) -> None:
    """Answer ``record.corrections.uphold`` and ``.reject``: the answer becomes public."""
    correction = Correction.objects.get(number=record_number)
    records.change(record=correction, values={"answer": text}, actor=actor, at=now, reason="答复")


def sweep(*, before: dt.datetime) -> int:
    """Forget what addresses did; return how many rows that were."""
    return Attempt.objects.filter(at__lt=before).delete()[0]


def _not_too_often(action: str, address: str, at: dt.datetime, own: int, everybody: int) -> None:
    # Salted, so that the table tells nobody which addresses were here.
    hashed = hashlib.sha256(f"{settings.SECRET_KEY}:{address}".encode()).hexdigest()
    recent = Attempt.objects.filter(action=action, at__gt=at - HOUR)
    if recent.filter(address_hash=hashed).count() >= own or recent.count() >= everybody:
        raise Refused("too_often")
    Attempt.objects.create(address_hash=hashed, action=action, at=at)


def _permitted(case: Case, permission: str, actor: User, at: dt.datetime) -> None:
    held = access_queries.permissions_in(
        actor,
        timezone.localdate(at),
        region_code=case.region.code if case.region else "",
        facility_code=case.facility.code if case.facility else "",
    )
    if permission not in held:
        raise Refused("permission")
