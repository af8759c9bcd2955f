"""The ways out of the house. Each takes what is to be said and answers with a receipt; none touches the database.

`settings.NOTIFICATIONS` says what this installation has:

``site``             address of the portal, in front of paths in mails, e.g. ``https://portal.example``
``email_from``       sender of mails; the mail server itself is Django's ``EMAIL_HOST`` and its neighbours
``sms_gateway``      ``{"url": …, "secret": …}`` of the SMS gateway
``chat_robots``      ``{name: {"style": "wecom" | "dingtalk", "url": …, "secret": …}}``
``webhook_allowed``  addresses below which people may register a web hook
"""

from __future__ import annotations

import base64
import dataclasses
import enum
import hashlib
import hmac
import json
import smtplib
import urllib.parse
from collections.abc import Mapping
from typing import Any, Protocol

import httpx
from django.conf import settings
from django.core import mail
from django.utils.crypto import salted_hmac

from jiangcheng.core.portal import rules
from jiangcheng.core.portal.models import Channel as Name
from jiangcheng.core.portal.services import addresses

TRY_AGAIN = frozenset({408, 425, 429})
"""Refusals of an HTTP server that mean: later. So does every 5xx."""


class Outcome(enum.StrEnum):
    """What came of an attempt."""

    SENT = "sent"
    RETRY = "retry"
    REFUSED = "refused"
    NOT_CONFIGURED = "not_configured"


@dataclasses.dataclass(frozen=True, slots=True)
class Receipt:
    """The answer of a channel: the outcome, its own id for the message, and a word for the operator."""

    outcome: Outcome
    receipt: str = ""
    detail: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What is said to one address, in the language of the person."""

    id: str
    """Id of the delivery: the same for every attempt."""
    address: str
    subject: str
    text: str
    html: str
    url: str
    """Address of the page it is about, or empty."""
    secret: str
    """Key of the signature of a web hook, or empty."""
    payload: Mapping[str, object]
    """The same for programs: JSON."""
    timestamp: int
    """Now [epoch s]."""
    timeout_s: float
    largest_answer_bytes: int


class Channel(Protocol):
    """A way out of the house."""

    def send(self, outgoing: Outgoing) -> Receipt:
        """Send once; whatever the other side does becomes a receipt."""


class Email:
    """Mail through Django's configured backend: plain text and HTML."""

    def send(self, outgoing: Outgoing) -> Receipt:
        sender = configured("email_from")
        if not sender:
            return Receipt(Outcome.NOT_CONFIGURED)
        message_id = f"<{outgoing.id}@{sender.rpartition('@')[2].rstrip('>')}>"
        letter = mail.EmailMultiAlternatives(
            subject=outgoing.subject,
            body=outgoing.text,
            from_email=sender,
            to=[outgoing.address],
            headers={"Message-ID": message_id, "Auto-Submitted": "auto-generated"},
            connection=mail.get_connection(timeout=outgoing.timeout_s),
        )
        letter.attach_alternative(outgoing.html, "text/html")
        try:
            letter.send()
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            return Receipt(_of_smtp(max(codes, default=0)), detail=f"SMTP {codes}")
        except smtplib.SMTPResponseException as error:
            return Receipt(_of_smtp(error.smtp_code), detail=f"SMTP {error.smtp_code}")
        except (smtplib.SMTPException, OSError) as error:
            return Receipt(Outcome.RETRY, detail=type(error).__name__)
        return Receipt(Outcome.SENT, receipt=message_id)


class Webhook:
    """A signed POST of JSON to an address of the allow list.

    The receiver checks ``Jiangcheng-Signature`` over ``<Jiangcheng-Timestamp>.<body>`` with the key of its
    endpoint, refuses what is older than `rules.REPLAY_WINDOW_S`, and drops a known ``Idempotency-Key``.
    """

    def send(self, outgoing: Outgoing) -> Receipt:
        if not addresses.is_allowed(outgoing.address, configured("webhook_allowed") or ()):
            return Receipt(Outcome.NOT_CONFIGURED, detail="address not on the allow list")
        return _post_signed(outgoing.address, outgoing, dict(outgoing.payload), outgoing.secret)


class Sms:
    """A signed POST of number and text to the SMS gateway of the installation."""

    def send(self, outgoing: Outgoing) -> Receipt:
        gateway = configured("sms_gateway")
        if not gateway:
            return Receipt(Outcome.NOT_CONFIGURED)
        payload = {"id": outgoing.id, "to": outgoing.address, "text": outgoing.text}
        return _post_signed(gateway["url"], outgoing, payload, gateway["secret"])


class Chat:
    """The robot of a group in an enterprise chat (企业微信, 钉钉), named by the contact point."""

    def send(self, outgoing: Outgoing) -> Receipt:
        robot = (configured("chat_robots") or {}).get(outgoing.address)
        if not robot:
            return Receipt(Outcome.NOT_CONFIGURED, detail="no such robot")
        url = robot["url"]
        if robot["style"] == "dingtalk" and robot.get("secret"):
            url += _dingtalk_signature(robot["secret"], outgoing.timestamp)
        body = _json({"msgtype": "text", "text": {"content": outgoing.text}})
        return _post(url, outgoing, body, {}, of_robot=True)


CHANNELS: Mapping[str, Channel] = {
    Name.EMAIL: Email(),
    Name.SMS: Sms(),
    Name.CHAT: Chat(),
    Name.WEBHOOK: Webhook(),
}


def configured(name: str) -> Any:
    """Return what `settings.NOTIFICATIONS` says under a name, or None."""
    return getattr(settings, "NOTIFICATIONS", {}).get(name)


def is_configured(channel: str) -> bool:
    """Tell whether this installation can send over a channel at all."""
    return bool(configured(_SETTING[channel]))


def webhook_secret(contact_id: int, address: str) -> str:
    """Return the key with which requests to one endpoint are signed.

    It is derived from the key of the installation and stored nowhere; a new contact point has a new key.
    """
    return salted_hmac("portal.webhook", f"{contact_id}:{address}", algorithm="sha256").hexdigest()


_SETTING: Mapping[str, str] = {
    Name.EMAIL: "email_from",
    Name.SMS: "sms_gateway",
    Name.CHAT: "chat_robots",
    Name.WEBHOOK: "webhook_allowed",
}


def _of_smtp(code: int) -> Outcome:
    return Outcome.REFUSED if code >= 500 else Outcome.RETRY


def _json(payload: Mapping[str, object]) -> bytes:
    return json.dumps(payload, ensure_ascii=False, sort_keys=True).encode()


def _dingtalk_signature(secret: str, timestamp: int) -> str:
    milliseconds = timestamp * 1000
    digest = hmac.new(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256).digest()
    return f"&timestamp={milliseconds}&sign={urllib.parse.quote_plus(base64.b64encode(digest))}"


def _post_signed(url: str, outgoing: Outgoing, payload: Mapping[str, object], secret: str) -> Receipt:
    body = _json(payload)
    signature = rules.signature(secret.encode(), timestamp=outgoing.timestamp, body=body)
    headers = {"Jiangcheng-Timestamp": str(outgoing.timestamp), "Jiangcheng-Signature": signature}
    return _post(url, outgoing, body, headers)


def _post(
    url: str, outgoing: Outgoing, body: bytes, headers: Mapping[str, str], of_robot: bool = False
) -> Receipt:
    """Send one request: no redirects, no proxy of the environment, a bounded answer."""
    sent = {"Content-Type": "application/json", "Idempotency-Key": outgoing.id, **headers}
    try:
        with (
            httpx.Client(timeout=outgoing.timeout_s, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", url, content=body, headers=sent) as response,
        ):
            answer = _bounded(response, outgoing.largest_answer_bytes) if of_robot else b""
            return _of_answer(response.status_code, answer, of_robot)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Receipt(Outcome.RETRY, detail=type(error).__name__)


def _bounded(response: httpx.Response, most: int) -> bytes:
    read = b""
    for part in response.iter_bytes():
        read += part[: most - len(read)]
        if len(read) >= most:
            break
    return read


def _of_answer(status: int, answer: bytes, of_robot: bool) -> Receipt:
    said = f"HTTP {status}"
    if status in TRY_AGAIN or status >= 500:
        return Receipt(Outcome.RETRY, detail=said)
    if not 200 <= status < 300:
        return Receipt(Outcome.REFUSED, detail=said)
    if of_robot and (problem := _robot_problem(answer)):
        return Receipt(Outcome.RETRY, detail=problem)
    return Receipt(Outcome.SENT, receipt=said)


def _robot_problem(answer: bytes) -> str:
    """Return what a robot complains about: it answers 200 and puts its own code into the body."""
    try:
        code = json.loads(answer)["errcode"]
    except (ValueError, KeyError, TypeError):
        return "answer without errcode"
    return f"errcode {code}"[:300] if code else ""
