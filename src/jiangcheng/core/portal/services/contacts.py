"""A person's own affairs: addresses and their verification, wishes, quiet hours, and what was read."""

from __future__ import annotations

import datetime as dt
import hmac
import re
from collections.abc import Iterable, Mapping

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.portal import rules
from jiangcheng.core.portal.models import (
    Channel,
    ContactPoint,
    Delivery,
    Message,
    Preference,
    QuietHours,
)
from jiangcheng.core.portal.services import addresses, channels

BY_CODE = frozenset({Channel.EMAIL.value, Channel.SMS.value})
"""Channels whose addresses count only after the code sent there came back."""

PHONE = re.compile(r"\+?[0-9]{6,15}")
CODE_DIGITS = 8
LONGEST_ADDRESS = 300
"""Characters that a contact point holds."""


class ContactRefused(Exception):  # noqa: N818
    """An address or a code was not taken; ``reason`` is ``address``, ``known``, ``early``, ``expired`` or ``code``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def add_contact(*, user: User, channel: str, address: str, at: dt.datetime) -> ContactPoint:
    """Add an address of a person; a mail address or phone number gets a code and counts once it came back.

    Raises
    ------
    ContactRefused
        ``address`` if the channel cannot use it, ``known`` if the person has it already.
    """
    address = address.strip()
    if not _usable(channel, address):
        raise ContactRefused("address")
    try:
        with transaction.atomic():
            contact = ContactPoint.objects.create(
                user=user,
                channel=channel,
                address=address,
                created_at=at,
                verified_at=None if channel in BY_CODE else at,
            )
    except IntegrityError as error:
        raise ContactRefused("known") from error
    _audit(user, "portal.contact_added", contact, at)
    if channel in BY_CODE:
        _issue_code(contact, at)
    return contact


@transaction.atomic
def send_code(*, contact: ContactPoint, at: dt.datetime) -> None:
    """Send a new code to an address that is not verified; older codes are worth nothing from now on.

    Raises
    ------
    ContactRefused
        ``known`` if it is verified, ``early`` if the latest code is younger than the policy's pause.
    """
    contact = ContactPoint.objects.select_for_update().get(pk=contact.pk)
    pause = dt.timedelta(seconds=rules.policy(timezone.localdate(at)).code_pause_s)
    if contact.verified_at or contact.ended_at:
        raise ContactRefused("known")
    if contact.code_sent_at and at < contact.code_sent_at + pause:
        raise ContactRefused("early")
    _issue_code(contact, at)


def verify_contact(*, contact: ContactPoint, code: str, at: dt.datetime) -> None:
    """Take the code a person copied from the mail or SMS; a wrong one counts as a try.

    Raises
    ------
    ContactRefused
        ``expired`` if the code is too old or was tried too often, ``code`` if it is another one.
    """
    with transaction.atomic():
        contact = ContactPoint.objects.select_for_update().get(pk=contact.pk)
        policy = rules.policy(timezone.localdate(at))
        life = dt.timedelta(seconds=policy.code_valid_s)
        sent_at = contact.code_sent_at
        if not sent_at or contact.ended_at or at >= sent_at + life or contact.code_tries >= policy.code_tries:
            raise ContactRefused("expired")
        right = hmac.compare_digest(code_of(contact).encode(), code.strip().encode())
        if right:
            contact.verified_at = at
            _audit(contact.user, "portal.contact_verified", contact, at)
        else:
            contact.code_tries += 1
        contact.save(update_fields=["verified_at", "code_tries"])
    if not right:
        raise ContactRefused("code")


@transaction.atomic
def end_contact(*, contact: ContactPoint, at: dt.datetime) -> None:
    """Use an address no longer; what waits for it is given up."""
    contact.ended_at = at
    contact.save(update_fields=["ended_at"])
    Delivery.objects.filter(contact=contact, state=Delivery.State.WAITING).update(
        state=Delivery.State.NO_ADDRESS, finished_at=at
    )
    _audit(contact.user, "portal.contact_ended", contact, at)


def code_of(contact: ContactPoint) -> str:
    """Return the code last issued for an address; who does not hold the key of the installation cannot."""
    assert contact.code_sent_at is not None
    issued = contact.code_sent_at.astimezone(dt.UTC).isoformat()
    digest = salted_hmac(
        "portal.contact_code", f"{contact.pk}:{contact.address}:{issued}", algorithm="sha256"
    ).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}}"


@transaction.atomic
def set_wishes(
    *,
    user: User,
    wanted: Mapping[tuple[str, str], bool | None],
    quiet: tuple[dt.time, dt.time] | None,
    at: dt.datetime,
) -> None:
    """Keep which messages a person wants on which channel, and when they are not to be disturbed.

    Parameters
    ----------
    wanted
        By kind and channel; None leaves it to the kind.
    quiet
        Start and end on the wall clock of the city, or None for no quiet hours.
    """
    before = _wishes(user)
    for (kind, channel), choice in wanted.items():
        if choice is None:
            Preference.objects.filter(user=user, kind=kind, channel=channel).delete()
        else:
            Preference.objects.update_or_create(
                user=user, kind=kind, channel=channel, defaults={"wanted": choice}
            )
    if quiet is None:
        QuietHours.objects.filter(user=user).delete()
    else:
        QuietHours.objects.update_or_create(user=user, defaults={"start": quiet[0], "end": quiet[1]})
    after = _wishes(user)
    if after != before:
        access.record(
            actor=user,
            action="portal.wishes_changed",
            object_type="access.user",
            object_id=str(user.pk),
            at=at,
            before=before,
            after=after,
        )


def mark_read(*, user: User, at: dt.datetime, ids: Iterable[int] | None = None) -> int:
    """Mark a person's messages read, the named ones or all; return how many were not."""
    unread = Message.objects.filter(user=user, read_at=None, at__lte=at)
    if ids is not None:
        unread = unread.filter(pk__in=list(ids))
    return unread.update(read_at=at)


@transaction.atomic
def acknowledge(*, message: Message, at: dt.datetime) -> None:
    """Keep that the addressee confirmed a message; the first confirmation counts."""
    mark_read(user=message.user, at=at, ids=[message.pk])
    if Message.objects.filter(pk=message.pk, acknowledged_at=None).update(acknowledged_at=at):
        access.record(
            actor=message.user,
            action="portal.message_acknowledged",
            object_type="portal.message",
            object_id=str(message.pk),
            at=at,
            after={"kind": message.kind, "number": message.number},
        )


def _usable(channel: str, address: str) -> bool:
    if len(address) > LONGEST_ADDRESS:
        return False
    if channel == Channel.EMAIL:
        try:
            validate_email(address)
        except ValidationError:
            return False
        return True
    if channel == Channel.SMS:
        return bool(PHONE.fullmatch(address))
    if channel == Channel.CHAT:
        return address in (channels.configured("chat_robots") or {})
    if channel == Channel.WEBHOOK:
        return addresses.is_allowed(address, channels.configured("webhook_allowed") or ())
    return False


def _issue_code(contact: ContactPoint, at: dt.datetime) -> None:
    contact.code_sent_at, contact.code_tries = at, 0
    contact.save(update_fields=["code_sent_at", "code_tries"])
    Delivery.objects.create(contact=contact, channel=contact.channel, created_at=at, next_at=at)


def _wishes(user: User) -> dict[str, object]:
    hours = QuietHours.objects.filter(user=user).first()
    choices = Preference.objects.filter(user=user).order_by("kind", "channel")
    return {
        "wanted": {f"{choice.kind} {choice.channel}": choice.wanted for choice in choices},
        "quiet": [str(hours.start), str(hours.end)] if hours else [],
    }


def _audit(user: User, action: str, contact: ContactPoint, at: dt.datetime) -> None:
    # The address is personal: the trail keeps which one by its id.
    access.record(
        actor=user,
        action=action,
        object_type="portal.contact",
        object_id=str(contact.pk),
        at=at,
        after={"channel": contact.channel},
    )
