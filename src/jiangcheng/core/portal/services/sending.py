"""Emptying the outbox: claim what is due, send it, keep the receipt. At least once, whatever crashes."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
from collections.abc import Callable, Mapping

from django.db import transaction
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from jiangcheng.core import manifest
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.portal import queries, rules
from jiangcheng.core.portal.models import Delivery, DeliveryAttempt, Message
from jiangcheng.core.portal.services import channels, contacts, metrics
from jiangcheng.core.portal.services.channels import Outcome, Outgoing, Receipt

SENDERS = 8
"""Deliveries under way at once."""

Clock = Callable[[], dt.datetime]

_STATE_AFTER: Mapping[Outcome, Delivery.State] = {
    Outcome.SENT: Delivery.State.SENT,
    Outcome.REFUSED: Delivery.State.FAILED,
    Outcome.NOT_CONFIGURED: Delivery.State.NOT_CONFIGURED,
}


class NotRetriable(Exception):  # noqa: N818
    """The delivery is on its way or has arrived: there is nothing to try again."""


def deliver_due(*, clock: Clock, by_name: Mapping[str, channels.Channel] = channels.CHANNELS) -> int:
    """Claim one batch of what is due and send it; return how many deliveries were claimed.

    Parameters
    ----------
    clock
        Returns now (aware): sending takes time, and a receipt bears the instant it came.
    by_name
        The channels to send over.
    """
    claimed = claim(now=clock())
    with concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
        under_way = {
            pool.submit(by_name[delivery.channel].send, compose(delivery, now=clock())): delivery
            for delivery in claimed
        }
        for done in concurrent.futures.as_completed(under_way):
            settle(under_way[done], _receipt(done), at=clock())
    return len(claimed)


@transaction.atomic
def claim(*, now: dt.datetime) -> list[Delivery]:
    """Take the deliveries that are due, each for this sender alone until the lease is over.

    A delivery whose sender crashed is taken again after the lease; one that crashed its sender too often
    ends as failed.
    """
    policy = rules.policy(timezone.localdate(now))
    lost = now - dt.timedelta(seconds=policy.lease_s)
    due = Delivery.objects.filter(
        Q(state=Delivery.State.WAITING) | Q(state=Delivery.State.SENDING, claimed_at__lte=lost),
        next_at__lte=now,
    )
    chosen = due.select_for_update(skip_locked=True).order_by("next_at", "pk")[: policy.batch]
    rows = Delivery.objects.filter(pk__in=[delivery.pk for delivery in chosen])
    given_up = rows.filter(attempts__gte=policy.most_attempts)
    given_up.update(state=Delivery.State.FAILED, finished_at=now)
    taken = rows.exclude(state=Delivery.State.FAILED)
    taken.update(state=Delivery.State.SENDING, claimed_at=now, attempts=F("attempts") + 1)
    return list(taken.select_related("message__user", "contact__user").order_by("next_at", "pk"))


@transaction.atomic
def settle(delivery: Delivery, receipt: Receipt, *, at: dt.datetime) -> None:
    """Keep the receipt of an attempt, and set when to try again or that it is over.

    A sender whose lease ran out leaves its receipt, but decides nothing any more.
    """
    DeliveryAttempt.objects.create(
        delivery=delivery,
        at=at,
        outcome=receipt.outcome,
        receipt=receipt.receipt[:200],
        detail=receipt.detail[:300],
    )
    mine = Delivery.objects.filter(
        pk=delivery.pk, state=Delivery.State.SENDING, claimed_at=delivery.claimed_at
    )
    policy = rules.policy(timezone.localdate(at))
    if receipt.outcome is not Outcome.RETRY:
        mine.update(state=_STATE_AFTER[receipt.outcome], finished_at=at)
    elif delivery.attempts >= policy.most_attempts:
        mine.update(state=Delivery.State.FAILED, finished_at=at)
    else:
        jitter = rules.spread(str(delivery.pk), delivery.attempts)
        pause = rules.retry_pause(delivery.attempts, jitter=jitter, policy=policy)
        mine.update(state=Delivery.State.WAITING, next_at=at + pause)


@transaction.atomic
def retry(*, delivery: Delivery, actor: User, at: dt.datetime) -> None:
    """Put a delivery that failed, or whose channel was not configured, back into the outbox.

    Raises
    ------
    NotRetriable
        If it is in another state by now.
    """
    over = (Delivery.State.FAILED, Delivery.State.NOT_CONFIGURED)
    current = Delivery.objects.select_for_update().get(pk=delivery.pk)
    if current.state not in over:
        raise NotRetriable(current.state)
    access.record(
        actor=actor,
        action="portal.delivery_retried",
        object_type="portal.delivery",
        object_id=str(current.pk),
        at=at,
        before={"state": current.state, "attempts": current.attempts},
        after={"state": Delivery.State.WAITING, "attempts": 0},
    )
    current.state, current.attempts = Delivery.State.WAITING, 0
    current.next_at, current.finished_at = at, None
    current.save(update_fields=["state", "attempts", "next_at", "finished_at"])


def compose(delivery: Delivery, *, now: dt.datetime) -> Outgoing:
    """Return what a delivery says, in the language of the person it is for."""
    contact = delivery.contact
    assert contact is not None
    policy = rules.policy(timezone.localdate(now))
    with translation.override(contact.user.language):
        message = delivery.message
        if message is None:
            code = contacts.code_of(contact)
            subject = _("江城验证码")
            lines = [_("验证码：%(code)s。如果不是您本人的操作，请不要理会。") % {"code": code}]
            url = ""
        else:
            subject, lines, url = _words(message, contact.user.language)
        site = (channels.configured("site") or "").rstrip("/")
        address = f"{site}{url}" if url and site else ""
        html = render_to_string("portal/mail.html", {"subject": subject, "lines": lines, "url": address})
    return Outgoing(
        id=str(delivery.pk),
        address=contact.address,
        subject=" ".join(subject.split()),
        text="\n".join([subject, *lines, *([address] if address else [])]),
        html=html,
        url=address,
        secret=channels.webhook_secret(contact.pk, contact.address) if delivery.channel == "webhook" else "",
        payload=_payload(delivery, address) if message else {},
        timestamp=int(now.timestamp()),
        timeout_s=policy.timeout_s,
        largest_answer_bytes=policy.largest_answer_bytes,
    )


def _words(message: Message, language: str) -> tuple[str, list[str], str]:
    chinese = language.startswith("zh")
    body = message.body_zh if chinese else message.body_en
    lines = [body] if body else []
    kind = manifest.manifests.notification_kinds().get(message.kind)
    if kind:
        lines.append(_("类别：%(kind)s") % {"kind": kind.names.in_language(language)})
    if message.number:
        lines.append(_("编号：%(number)s") % {"number": message.number})
    if message.due_at:
        due = timezone.localtime(message.due_at).strftime("%Y-%m-%d %H:%M")
        lines.append(_("办理时限：%(due)s（北京时间）") % {"due": due})
    return (message.text_zh if chinese else message.text_en), lines, message.url


def _payload(delivery: Delivery, address: str) -> dict[str, object]:
    message = delivery.message
    assert message is not None
    return {
        "id": str(delivery.pk),
        "kind": message.kind,
        "number": message.number,
        "severity": message.severity,
        "text_zh": message.text_zh,
        "text_en": message.text_en,
        "body_zh": message.body_zh,
        "body_en": message.body_en,
        "url": address or message.url,
        "at": message.at.astimezone(dt.UTC).isoformat(),
        "due_at": message.due_at.astimezone(dt.UTC).isoformat() if message.due_at else None,
    }


def _receipt(done: concurrent.futures.Future[Receipt]) -> Receipt:
    """Return the receipt; an error no channel foresaw is an attempt that failed, not the end of the batch."""
    error = done.exception()
    return done.result() if error is None else Receipt(Outcome.RETRY, detail=type(error).__name__)


metrics.expose(
    name="outbox_open",
    help="Deliveries of the outbox that wait or are under way.",
    kind="gauge",
    read=lambda: float(queries.open_deliveries()),
)
metrics.expose(
    name="outbox_failed",
    help="Deliveries of the outbox that were given up or have no configured channel.",
    kind="gauge",
    read=lambda: float(queries.failed_deliveries()),
)
