"""The live stream, and messages to people with the outbox that takes them out of the house."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.access.models import User


class LiveEvent(models.Model):
    """Something that just happened. Readers follow by ``id``; old rows are swept."""

    at = models.DateTimeField(db_index=True)
    kind = models.CharField(max_length=30)
    """``finding``, ``case``, ``observation``, ``gateway`` …: what a screen refreshes on."""
    permission = models.CharField(max_length=60)
    region_code = models.CharField(max_length=32, blank=True)
    facility_code = models.CharField(max_length=32, blank=True, default="")
    """Facility it concerns: its own people are told as well."""
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    """The one person it is for, whatever the permission; null: everybody who holds the permission there."""
    payload = models.JSONField(default=dict)
    """Texts in both languages (``text_zh``, ``text_en``), ``url``, ``severity`` and what the kind needs."""

    def __str__(self) -> str:
        return f"{self.id} {self.kind}"


class Message(models.Model):
    """Something one person is told. It stays in the message centre, read or not."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="notifications")
    kind = models.CharField(max_length=60)
    """A `NotificationKind` of a manifest."""
    key = models.CharField(max_length=160, blank=True)
    """What must be told only once: a second message with this kind and key is not written."""
    number = models.CharField(max_length=80, blank=True)
    """Number of the case, record or task it is about."""
    severity = models.PositiveSmallIntegerField(default=2)
    """1 notice, 2 ordinary, 3 grave, 4 urgent: urgent messages do not wait for the end of quiet hours."""
    text_zh = models.TextField()
    text_en = models.TextField()
    body_zh = models.TextField(blank=True)
    body_en = models.TextField(blank=True)
    url = models.CharField(max_length=300, blank=True)
    """Path inside the portal."""
    at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    """When the person confirmed that the message is understood; implies read."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind", "key"], condition=~models.Q(key=""), name="message_once_per_key"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-at"], name="message_of_person"),
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="message_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.user}"


class Channel(models.TextChoices):
    """A way out of the house."""

    EMAIL = "email", _("电子邮件")
    SMS = "sms", _("短信")
    CHAT = "chat", _("企业聊天机器人")
    WEBHOOK = "webhook", _("系统接口（Webhook）")


class ContactPoint(models.Model):
    """An address of a person on a channel, used once it is verified and until it is ended."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="contact_points")
    channel = models.CharField(_("渠道"), max_length=10, choices=Channel.choices)
    address = models.CharField(_("地址"), max_length=300)
    """E-mail address, phone number, name of a configured chat robot, or address of a web hook."""
    created_at = models.DateTimeField()
    code_sent_at = models.DateTimeField(null=True)
    """When the latest code was issued. The code itself is derived from it and is stored nowhere."""
    code_tries = models.PositiveSmallIntegerField(default=0)
    verified_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "channel", "address"],
                condition=models.Q(ended_at=None),
                name="contact_point_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.user}"


class Preference(models.Model):
    """A person wants, or does not want, a kind of message on a channel; without a row the kind decides."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="notification_preferences")
    kind = models.CharField(max_length=60)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    wanted = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind", "channel"], name="preference_once")]

    def __str__(self) -> str:
        return f"{self.user} {self.kind} {self.channel} {'+' if self.wanted else '-'}"


class QuietHours(models.Model):
    """Hours of the city's wall clock in which a person is not disturbed by what is not urgent."""

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="quiet_hours")
    start = models.TimeField(_("从"))
    end = models.TimeField(_("到"))
    """Exclusive; earlier than ``start`` where the hours pass midnight."""

    def __str__(self) -> str:
        return f"{self.user} {self.start}–{self.end}"


class Delivery(models.Model):
    """One row of the outbox: a message, or the code that verifies an address, on its way over a channel.

    It is written with the message, in one transaction, and sent afterwards, at least once: what a crash
    leaves unanswered goes out again under the same id.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("等待发送")
        SENDING = "sending", _("正在发送")
        SENT = "sent", _("已送出")
        NOT_CONFIGURED = "not_configured", _("渠道未配置")
        NO_ADDRESS = "no_address", _("没有可用地址")
        FAILED = "failed", _("发送失败")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    """Also the ``Message-ID`` and the ``Idempotency-Key``, by which a receiver drops a repetition."""
    message = models.ForeignKey(Message, on_delete=models.PROTECT, null=True, related_name="deliveries")
    """Null: the delivery carries the verification code of its contact point."""
    contact = models.ForeignKey(ContactPoint, on_delete=models.PROTECT, null=True, related_name="deliveries")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    state = models.CharField(max_length=20, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    """Attempts since it was written or since somebody asked to try again."""
    created_at = models.DateTimeField()
    next_at = models.DateTimeField()
    """Not before this instant: end of quiet hours, or of the pause after a failure."""
    claimed_at = models.DateTimeField(null=True)
    """When a sender took it; after the lease anybody may take it again."""
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_at"],
                condition=models.Q(state__in=("waiting", "sending")),
                name="delivery_open",
            ),
            models.Index(fields=["-created_at"], name="delivery_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.id} {self.state}"


class DeliveryAttempt(models.Model):
    """What came of one attempt to send. Append-only."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="tries")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=20)
    """``sent``, ``retry``, ``refused`` or ``not_configured``."""
    receipt = models.CharField(max_length=200, blank=True)
    """What the channel calls it: a message id, an HTTP status."""
    detail = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.outcome}"
