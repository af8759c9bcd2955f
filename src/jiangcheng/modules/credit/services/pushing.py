"""Telling the platform of public credit who was listed and who was removed: queued, signed, tried again, audited."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import httpx
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.portal import rules as delivery
from jiangcheng.modules.credit import rules
from jiangcheng.modules.credit.models import Listing, PlatformAttempt, PlatformPush

TIMEOUT_S = 10.0
MOST_ANSWER = 64 * 1024
UNCONFIGURED, UNCONFIGURED_PAUSE = "not configured", dt.timedelta(minutes=10)
TRY_AGAIN = frozenset({408, 425, 429})
"""Refusals of an HTTP server that mean: later. So does every 5xx."""


class NotRetriable(Exception):  # noqa: N818
    """The push is waiting or has arrived: there is nothing to try again."""


def is_configured() -> bool:
    """Tell whether this installation knows the address and the key of the platform."""
    platform: Mapping[str, Any] = getattr(settings, "CREDIT_PLATFORM", {})
    return bool(platform.get("url") and platform.get("secret"))


def queue_push(*, listing: Listing, action: str, now: dt.datetime, text: str) -> PlatformPush:
    """Put what happened to a listing into the queue to the platform, in the transaction in which it happened."""
    assert listing.facility is not None
    on = timezone.localdate(now)
    found: PlatformPush = PlatformPush.objects.create(
        listing=listing,
        action=action,
        created_at=now,
        next_at=now,
        payload={
            "action": action,
            "number": listing.number,
            "uscc": listing.facility.code,
            "name": listing.facility.name_zh,
            "basis": listing.basis,
            "basis_name": rules.ground_names(on).get(listing.basis, {}).get("name_zh", ""),
            "facts": listing.ground,
            "document": listing.document,
            "until": listing.until_date.isoformat() if listing.until_date else None,
            "on": on.isoformat(),
            "reason": text,
        },
    )
    return found


def push_due(*, now: dt.datetime, most: int = 50) -> dict[str, int]:
    """Send what is due to the platform; return how many ended how.

    Each push keeps its key over all attempts, so that the platform can drop what it has already; the body is signed
    with the key of the installation. Whatever the other side does becomes an attempt that is kept.
    """
    counts: dict[str, int] = {}
    due = PlatformPush.objects.filter(state=PlatformPush.State.WAITING, next_at__lte=now).order_by(
        "next_at", "pk"
    )
    for pk in list(due.values_list("pk", flat=True)[:most]):
        with transaction.atomic():
            locked = PlatformPush.objects.select_for_update().filter(pk=pk, state="waiting", next_at__lte=now)
            row: PlatformPush | None = locked.first()
            if row is None:
                # Another process has it.
                continue
            _settle(row, *_sent(row, now), now)
        counts[row.state] = counts.get(row.state, 0) + 1
    return counts


@transaction.atomic
def retry_push(*, push: PlatformPush, actor: User, now: dt.datetime) -> None:
    """Put a push that failed back into the queue.

    Raises
    ------
    NotRetriable
        If it is waiting or has arrived.
    """
    row = PlatformPush.objects.select_for_update().get(pk=push.pk)
    if row.state != PlatformPush.State.FAILED:
        raise NotRetriable(row.state)
    row.state, row.attempts, row.next_at = PlatformPush.State.WAITING, 0, now
    row.save(update_fields=["state", "attempts", "next_at"])
    _audited(row, "credit.push_retried", now, actor)


def _sent(row: PlatformPush, now: dt.datetime) -> tuple[str, str, str]:
    """Send once; return ``received``, ``later`` or ``refused``, the number of the receipt, and a word about it."""
    if not is_configured():
        return "later", "", UNCONFIGURED
    platform: Mapping[str, Any] = settings.CREDIT_PLATFORM
    body = json.dumps(row.payload, ensure_ascii=False, sort_keys=True).encode()
    stamp = int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": str(row.key),
        "Jiangcheng-Timestamp": str(stamp),
        "Jiangcheng-Signature": delivery.signature(
            str(platform["secret"]).encode(), timestamp=stamp, body=body
        ),
    }
    try:
        with (
            httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", str(platform["url"]), content=body, headers=headers) as answer,
        ):
            told = b""
            for part in answer.iter_bytes():
                told += part[: MOST_ANSWER - len(told)]
                if len(told) >= MOST_ANSWER:
                    break
            return _judged(answer.status_code, told)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return "later", "", type(error).__name__


def _judged(status: int, told: bytes) -> tuple[str, str, str]:
    said = f"HTTP {status}"
    if status in TRY_AGAIN or status >= 500:
        return "later", "", said
    if not 200 <= status < 300:
        return "refused", "", said
    try:
        receipt = str(json.loads(told)["receipt"]).strip()
    except (ValueError, KeyError, TypeError):
        receipt = ""
    # Without the number of a receipt nothing was received.
    return ("received", receipt[:80], said) if receipt else ("later", "", f"{said} without receipt")


def _settle(row: PlatformPush, outcome: str, receipt: str, detail: str, now: dt.datetime) -> None:
    policy = delivery.policy(timezone.localdate(now))
    if detail == UNCONFIGURED:
        # Nothing was tried: it waits for the installation, and uses up no attempt.
        row.next_at, row.detail = now + UNCONFIGURED_PAUSE, detail
        row.save(update_fields=["next_at", "detail"])
        return
    row.attempts += 1
    PlatformAttempt.objects.create(push=row, at=now, outcome=outcome, receipt=receipt, detail=detail[:200])
    if outcome == "received":
        row.state, row.receipt, row.received_at = PlatformPush.State.RECEIVED, receipt, now
        _audited(row, "credit.pushed", now)
    elif outcome == "refused" or row.attempts >= policy.most_attempts:
        row.state = PlatformPush.State.FAILED
        _audited(row, "credit.push_failed", now)
    else:
        jitter = delivery.spread(str(row.pk), row.attempts)
        row.next_at = now + delivery.retry_pause(row.attempts, jitter=jitter, policy=policy)
    row.detail = detail[:200]
    row.save()


def _audited(row: PlatformPush, action: str, now: dt.datetime, actor: User | None = None) -> None:
    access.record(
        actor=actor, action=action, object_type="blacklist", object_id=row.listing.number, at=now,
        after={"push": str(row.key), "state": row.state, "receipt": row.receipt, "attempts": row.attempts},
    )  # fmt: skip
