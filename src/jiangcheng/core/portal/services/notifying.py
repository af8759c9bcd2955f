"""Telling people: a message for each, and the outbox rows that take it out of the house."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping

from django.db import transaction
from django.utils import timezone

from jiangcheng.core import manifest
from jiangcheng.core.access import queries as access_queries
from jiangcheng.core.access.models import User
from jiangcheng.core.portal import rules
from jiangcheng.core.portal.models import (
    Channel,
    ContactPoint,
    Delivery,
    LiveEvent,
    Message,
    Preference,
    QuietHours,
)

LIVE_KIND = "message"
"""Kind of the live event that makes the bell of the addressee count anew."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Wishes:
    """What the addressees of one kind of message have chosen, read at once for all of them."""

    contacts: Mapping[int, list[ContactPoint]]
    chosen: Mapping[tuple[int, str], bool]
    quiet: Mapping[int, QuietHours]


@transaction.atomic
def notify(
    *,
    kind: str,
    to: Iterable[User],
    text_zh: str,
    text_en: str,
    url: str,
    at: dt.datetime,
    severity: int = 2,
    due_at: dt.datetime | None = None,
    body_zh: str = "",
    body_en: str = "",
    number: str = "",
    key: str = "",
    inside_only: bool = False,
) -> list[Message]:
    """Tell people something, in the caller's transaction; nothing leaves the house before it commits.

    Parameters
    ----------
    kind
        Code of a `NotificationKind` of a manifest.
    to
        Whom; people named twice get one message, people who were disabled none.
    text_zh, text_en, body_zh, body_en
        One line, and what else there is to say.
    url
        Path inside the portal, or empty.
    at
        Now (aware).
    severity
        1 notice, 2 ordinary, 3 grave, 4 urgent: urgent messages pass quiet hours.
    due_at
        Until when the person is expected to act, or None.
    number
        Number of what the message is about.
    key
        What is told only once: nobody gets a second message with this kind and key.
    inside_only
        True: it stays in the message centre whatever people have chosen, as what belongs to a drill must.

    Returns
    -------
    The messages written, one per person told.

    Raises
    ------
    LookupError
        If no manifest declares the kind.
    ValueError
        If a text is missing in one of the languages, ``at`` is naive, or ``url`` leads out of the portal.
    """
    declared = manifest.manifests.notification_kinds().get(kind)
    if declared is None:
        raise LookupError(f"no kind of message is called {kind!r}")
    _check(text_zh, text_en, url, at)
    people = _addressees(to, kind, key)
    values = {
        "kind": kind, "key": key, "number": number, "severity": severity, "text_zh": text_zh,
        "text_en": text_en, "body_zh": body_zh, "body_en": body_en, "url": url, "at": at, "due_at": due_at,
    }  # fmt: skip
    written = []
    for user in people:
        message, new = _write(user, values)
        if new:
            written.append(message)
    if not inside_only:
        wishes = _wishes(kind, written)
        Delivery.objects.bulk_create(
            delivery for message in written for delivery in _deliveries(message, declared.outside, wishes)
        )
    LiveEvent.objects.bulk_create(_live_event(message) for message in written)
    return written


def notify_permission(
    permission: str,
    region_code: str,
    facility_code: str,
    *,
    kind: str,
    text_zh: str,
    text_en: str,
    url: str,
    at: dt.datetime,
    severity: int = 2,
    due_at: dt.datetime | None = None,
    body_zh: str = "",
    body_en: str = "",
    number: str = "",
    key: str = "",
    but: Iterable[User] = (),
    inside_only: bool = False,
) -> list[Message]:
    """Tell everybody who holds a permission on something that lies in an area and belongs to a facility.

    Parameters
    ----------
    region_code, facility_code
        Codes, or empty where the thing has none.
    but
        Who is not told: the person who acted.

    The other parameters, the returned value and the errors are those of `notify`.
    """
    on = timezone.localdate(at)
    left_out = {user.pk for user in but}
    people = access_queries.holders(permission, on, region_code=region_code, facility_code=facility_code)
    return notify(
        kind=kind,
        to=[user for user in people if user.pk not in left_out],
        text_zh=text_zh,
        text_en=text_en,
        url=url,
        at=at,
        severity=severity,
        due_at=due_at,
        body_zh=body_zh,
        body_en=body_en,
        number=number,
        key=key,
        inside_only=inside_only,
    )


def _check(text_zh: str, text_en: str, url: str, at: dt.datetime) -> None:
    if not (text_zh and text_en):
        raise ValueError("a message needs text_zh and text_en")
    if at.tzinfo is None:
        raise ValueError("the instant of a message needs a time zone")
    if url and not rules.is_local_path(url):
        raise ValueError(f"a message leads to a path inside the portal, not to {url!r}")


def _addressees(to: Iterable[User], kind: str, key: str) -> list[User]:
    people = {user.pk: user for user in to if user.is_active}
    if key:
        told = Message.objects.filter(kind=kind, key=key, user__in=people).values_list("user_id", flat=True)
        for user_id in list(told):
            del people[user_id]
    return list(people.values())


def _write(user: User, values: Mapping[str, object]) -> tuple[Message, bool]:
    if not values["key"]:
        return Message.objects.create(user=user, **values), True
    return Message.objects.get_or_create(
        user=user, kind=values["kind"], key=values["key"], defaults=dict(values)
    )


def _wishes(kind: str, messages: Iterable[Message]) -> _Wishes:
    people = [message.user_id for message in messages]
    contacts: dict[int, list[ContactPoint]] = collections.defaultdict(list)
    usable = ContactPoint.objects.filter(user__in=people, ended_at=None).exclude(verified_at=None)
    for contact in usable.order_by("pk"):
        contacts[contact.user_id].append(contact)
    chosen = Preference.objects.filter(user__in=people, kind=kind)
    return _Wishes(
        contacts=contacts,
        chosen={(choice.user_id, choice.channel): choice.wanted for choice in chosen},
        quiet={hours.user_id: hours for hours in QuietHours.objects.filter(user__in=people)},
    )


def _deliveries(message: Message, outside: bool, wishes: _Wishes) -> Iterable[Delivery]:
    """Yield an outbox row per address; a channel chosen without an address says so in its state."""
    next_at = _not_before(message, wishes.quiet.get(message.user_id))
    for channel in Channel.values:
        chosen = wishes.chosen.get((message.user_id, channel))
        if not (outside if chosen is None else chosen):
            continue
        contacts = [one for one in wishes.contacts.get(message.user_id, ()) if one.channel == channel]
        for contact in contacts:
            yield Delivery(
                message=message, contact=contact, channel=channel, created_at=message.at, next_at=next_at
            )
        if not contacts and chosen:
            yield Delivery(
                message=message,
                channel=channel,
                state=Delivery.State.NO_ADDRESS,
                created_at=message.at,
                next_at=next_at,
                finished_at=message.at,
            )


def _not_before(message: Message, hours: QuietHours | None) -> dt.datetime:
    if hours is None or message.severity >= rules.policy(timezone.localdate(message.at)).urgent_severity:
        return message.at
    return rules.after_quiet_hours(timezone.localtime(message.at), start=hours.start, end=hours.end)


def _live_event(message: Message) -> LiveEvent:
    return LiveEvent(
        at=message.at,
        kind=LIVE_KIND,
        permission="portal.view",
        user_id=message.user_id,
        payload={
            "text_zh": message.text_zh,
            "text_en": message.text_en,
            "url": message.url,
            "severity": message.severity,
        },
    )
