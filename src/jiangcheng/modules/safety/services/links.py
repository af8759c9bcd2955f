"""The link by which a partner of joint control acknowledges a notice: whom it opens for, how long, how often."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import hmac
from typing import Literal

from django.conf import settings
from django.core import signing
from django.utils import timezone

from jiangcheng.modules.safety.models import DownstreamNotice, NoticeLook
from jiangcheng.modules.safety.rules import tables

SALT = "safety.notice"
HOUR = dt.timedelta(hours=1)
State = Literal["open", "signed", "expired", "withdrawn", "unknown", "too_often"]


@dataclasses.dataclass(frozen=True, slots=True)
class Link:
    """What a link opens; the notice only where its text may be shown."""

    state: State
    notice: DownstreamNotice | None = None
    expires_at: dt.datetime | None = None


def token_of(notice: DownstreamNotice) -> str:
    """Return what lets whoever holds it acknowledge a notice, and nothing else."""
    return signing.dumps(notice.number, salt=SALT)


def follow(*, token: str, address: str, now: dt.datetime) -> Link:
    """Return what a link opens, and count the look.

    Parameters
    ----------
    address
        Of the asking computer; it is kept hashed with the installation's secret, and forgotten after a day.
    """
    rule = tables.in_force("links", timezone.localdate(now))
    if not _counted(address, now, int(rule["looks_per_hour"])):
        return Link("too_often")
    try:
        number = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return Link("unknown")
    notice = DownstreamNotice.objects.filter(number=number).first()
    if notice is None:
        return Link("unknown")
    until = notice.created_at + dt.timedelta(days=int(rule["days"]))
    if notice.withdrawn_at is not None or notice.state == "cancelled":
        return Link("withdrawn")
    if now >= until:
        return Link("expired")
    return Link("open" if notice.state == "sent" else "signed", notice, until)


def forget_looks(*, now: dt.datetime) -> int:
    """Forget which addresses looked longer ago than the rule keeps; return how many rows that were."""
    kept = int(tables.in_force("links", timezone.localdate(now))["looks_kept_hours"])
    return NoticeLook.objects.filter(at__lt=now - kept * HOUR).delete()[0]


def _counted(address: str, now: dt.datetime, most: int) -> bool:
    """Count a look of an address; False where it has looked too often within the hour."""
    hashed = hmac.new(settings.SECRET_KEY.encode(), address.encode(), hashlib.sha256).hexdigest()
    if NoticeLook.objects.filter(address_hash=hashed, at__gt=now - HOUR).count() >= most:
        return False
    NoticeLook.objects.create(address_hash=hashed, at=now)
    return True
