"""What became of the journal: how far it was read, who was heard, what could not be taken in."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from jiangcheng.core.access.models import AppendOnly
from jiangcheng.core.registry.models import Device


class IntakeCursor(models.Model):
    """How far a reader has read the journal. It moves in the transaction that stores what was read."""

    name = models.CharField(max_length=30, primary_key=True)
    seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name}: {self.seq}"


class DeviceSeen(models.Model):
    """When a registered device was last heard."""

    device = models.OneToOneField(Device, primary_key=True, on_delete=models.CASCADE, related_name="seen")
    received_at = models.DateTimeField(db_index=True)
    data_at = models.DateTimeField(null=True)
    """Start of the latest interval it reported on."""
    heartbeat_at = models.DateTimeField(null=True)
    """When it last said that it lives (9015, HJ 212-2025)."""
    peer = models.CharField(max_length=60)
    cn = models.CharField(max_length=8)
    frames = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.device_id} {self.received_at}"


class DeviceAccess(models.Model):
    """What follows when a device shows a wrong password; without a policy, the default of the data folder."""

    class Policy(models.TextChoices):
        IGNORE = "ignore", "不校验"
        REPORT = "report", "入库并上报"
        REFUSE = "refuse", "留存但不入库、不应答"

    device = models.OneToOneField(Device, primary_key=True, on_delete=models.CASCADE, related_name="access")
    policy = models.CharField(max_length=8, choices=Policy, blank=True)
    """Empty: the default."""
    verifier = models.CharField(max_length=64, blank=True)
    """Keyed digest of hash and password, kept when the password fitted (`credentials.verifier`)."""
    verified_hash = models.CharField(max_length=160, blank=True)
    """The hash it was made for: a new password has none yet."""
    changed_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.device_id} {self.policy}"


class DeviceKey(models.Model):
    """A key by which a device encrypts what it sends (HJ 212-2025, SM4), sealed by the installation's key."""

    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="keys")
    sealed = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=16)
    """By which people compare keys without seeing them: the start of the SHA-256."""
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_index=True)
    retired_at = models.DateTimeField(null=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.device_id} {self.fingerprint}"


class DeviceToken(models.Model):
    """The hash of a token by which a device delivers over HTTP."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60)
    hash = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12)
    """The start of the token, by which a person knows it again."""
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} {self.hint}"


class DeliveredFile(models.Model):
    """A file of the watched folder that was taken in: the same bytes are not taken in twice."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    name = models.CharField(max_length=200)
    at = models.DateTimeField()
    entries = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.name


class UnregisteredDevice(models.Model):
    """An MN that sends but is not in the register. Its frames are kept; registering it takes them in."""

    mn = models.CharField(max_length=40, unique=True)
    peer = models.CharField(max_length=60)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField(db_index=True)
    frames = models.PositiveBigIntegerField()
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    last_frame = models.TextField()

    def __str__(self) -> str:
        return self.mn


class PartFrame(models.Model):
    """A part of a report whose other parts have not come yet."""

    seq = models.BigIntegerField(primary_key=True)
    """Number in the journal."""
    received = models.BigIntegerField()
    """Microseconds since 1970 UTC."""
    peer = models.CharField(max_length=60)
    mn = models.CharField(max_length=40, db_index=True)
    cn = models.CharField(max_length=8)
    raw = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.seq} {self.mn} {self.cn}"


class Reject(models.Model):
    """What a frame carried and the store could not take, by device, code, field and reason.

    The frame itself stays in the journal, under ``last_seq`` for the last time this happened.
    """

    class Reason(models.TextChoices):
        CODE_UNKNOWN = "code_unknown", "因子编码未知"
        FIELD_UNKNOWN = "field_unknown", "字段未知"
        VALUE_INVALID = "value_invalid", "数值无法解析"
        TIME_INVALID = "time_invalid", "数据时间缺失或无法解析"
        TIME_AHEAD = "time_ahead", "数据时间超前"
        NOT_DECODED = "not_decoded", "数据段无法解析"
        PARTS_MISSING = "parts_missing", "分包不完整"
        NOT_FORWARDED = "not_forwarded", "上级平台未应答"
        PASSWORD_WRONG = "password_wrong", "访问密码错误"

    mn = models.CharField(max_length=40)
    code = models.CharField(max_length=40, blank=True)
    field = models.CharField(max_length=24, blank=True)
    reason = models.CharField(max_length=16, choices=Reason)
    count = models.PositiveBigIntegerField()
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    last_at = models.DateTimeField(db_index=True)
    text = models.CharField(max_length=80, blank=True)
    """The last value refused, as it came."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mn", "code", "field", "reason"], name="reject_once"),
        ]

    def __str__(self) -> str:
        return f"{self.mn} {self.code} {self.field} {self.reason}"


class DeviceDialect(models.Model):
    """The check (CRC) on which the frames of a device agree, and how near it is to another one.

    ``dialects`` is the only writer; the intake holds its lock, so that any number of listeners feed one row.
    """

    device = models.OneToOneField(Device, primary_key=True, on_delete=models.CASCADE, related_name="dialect")
    usual = models.CharField(max_length=16, blank=True, db_index=True)
    """Name in `jiangcheng.hj212.dialects`; empty while the frames are too few."""
    streaks = models.JSONField(default=dict)
    settled_at = models.DateTimeField(null=True)
    before = models.CharField(max_length=16, blank=True)
    """The check before the last change, if there was one."""
    changed_at = models.DateTimeField(null=True)
    examined = models.PositiveBigIntegerField(default=0)
    """Frames that were decoded to list what deviates in them: of a batch the first of each command."""

    def __str__(self) -> str:
        return f"{self.device_id} {self.usual}"


class DeviceTrait(models.Model):
    """A check that fitted frames of a device, or a deviation from the standard found in them."""

    class Aspect(models.TextChoices):
        CHECK = "check", "校验"
        DEVIATION = "deviation", "偏差"

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="traits")
    aspect = models.CharField(max_length=9, choices=Aspect)
    code = models.CharField(max_length=24)
    """Name of a check, ``unfit`` where none fits; or a key of `jiangcheng.hj212.FAULTS`."""
    count = models.PositiveBigIntegerField(default=0)
    refused = models.PositiveBigIntegerField(default=0)
    """Of them frames that the listener did not take."""
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    last_seq = models.BigIntegerField()
    """Number in the journal of the last frame."""
    detail = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["device", "aspect", "code"], name="device_trait_once"),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.aspect} {self.code}"


class GatewayState(models.Model):
    """The last reading of the meters of one gateway process."""

    name = models.CharField(max_length=60, primary_key=True)
    at = models.DateTimeField()
    reading = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.name} {self.at}"


class ControlOrder(models.Model):
    """A command for a site (反控): asked for by one person, approved by another, sent by a gateway.

    ``orders`` is the only writer; every change of state is a `ControlStep`.
    """

    class State(models.TextChoices):
        ASKED = "asked", "待批准"
        APPROVED = "approved", "已批准，待下发"
        REFUSED = "refused", "未批准"
        CANCELLED = "cancelled", "已撤回"
        SENT = "sent", "已下发"
        ANSWERED = "answered", "现场机已应答"
        EXECUTED = "executed", "执行成功"
        FAILED = "failed", "执行失败"
        TIMED_OUT = "timed_out", "超时"

    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="orders")
    command = models.CharField(max_length=30)
    """Code in the catalogue of commands."""
    cn = models.CharField(max_length=4)
    parameters = models.JSONField(default=dict)
    reason = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    state_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    """Null where the site itself asked for the time (1013), which the standard answers with 1012."""
    asked_at = models.DateTimeField(db_index=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    """Who approved or refused; never the person who asked."""
    approved_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    """By when the site must be on the line, once approved; by when it must have executed, once sent."""
    qn = models.CharField(max_length=20, blank=True)
    gateway = models.CharField(max_length=60, blank=True)
    result = models.CharField(max_length=40, blank=True)
    """What ended it: ``ExeRtn=1``, ``QnRtn=3``, ``unanswered``, ``no_line`` …"""
    answer = models.JSONField(default=dict)
    """What the site sent under the number of the order: fields and factors."""

    class Meta:
        indexes = [models.Index(fields=["state", "due_at"], name="control_order_state")]

    def __str__(self) -> str:
        return f"{self.pk} {self.device} {self.command} {self.state}"


class ControlStep(AppendOnly):
    """What happened to an order, and when."""

    order = models.ForeignKey(ControlOrder, on_delete=models.PROTECT, related_name="steps")
    at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ControlOrder.State)
    """The state after it."""
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    """Null where the gateway or the site acted."""
    details = models.JSONField(default=dict)

    class Meta(AppendOnly.Meta):
        abstract = False
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.order_id} {self.state}"
