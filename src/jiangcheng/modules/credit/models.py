"""What counts against enterprises, what it comes to, and what they have to disclose."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.access.models import AppendOnly
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry.models import Evidence, Facility
from jiangcheng.modules.credit import rules


class Run(models.Model):
    """An assessment of all enterprises: begun, perhaps interrupted, finished."""

    ruleset = models.CharField(max_length=40)
    on_date = models.DateField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ruleset", "on_date"], name="credit_run_day")]

    def __str__(self) -> str:
        return f"{self.ruleset} {self.on_date}"


class Assessment(models.Model):
    """The score of an enterprise on a day, with all that it was computed from."""

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="+")
    ruleset = models.CharField(max_length=40)
    on_date = models.DateField()
    score = models.DecimalField(max_digits=6, decimal_places=2)
    grade = models.CharField(max_length=20)
    reasons = models.JSONField(default=list)
    inputs_hash = models.CharField(max_length=64)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["facility", "ruleset", "on_date"], name="credit_assessment_day")
        ]
        indexes = [models.Index(fields=["facility", "-on_date"], name="credit_assessment_latest")]

    def __str__(self) -> str:
        return f"{self.facility} {self.on_date} {self.score}"


class Event(Record):
    """Something that counts against an enterprise once another person has checked it (记分事项)."""

    key = models.CharField(_("事项"), max_length=40)
    """Key of an event or veto of the set of rules."""
    on_date = models.DateField(_("生效日期"))
    document = models.CharField(_("文书号"), max_length=80, blank=True)
    text_zh = models.CharField(_("事由"), max_length=200, blank=True)
    text_en = models.CharField(_("事由（英文）"), max_length=200, blank=True)
    repaired_date = models.DateField(_("修复日期"), null=True, blank=True)


class Objection(Record):
    """An enterprise objects to an event (异议申诉)."""

    event_number = models.CharField(_("记分事项编号"), max_length=40)
    grounds = models.TextField(_("理由"))


class Repair(Record):
    """An enterprise asks that an event counts less, since it has mended the matter (信用修复)."""

    event_number = models.CharField(_("记分事项编号"), max_length=40)
    measures = models.TextField(_("整改情况"))


def grounds() -> list[tuple[str, str]]:
    """Return the grounds of the law for listing an enterprise, named in the reader's language."""
    name = "name_zh" if (get_language() or "zh").startswith("zh") else "name_en"
    return [(code, row[name]) for code, row in rules.ground_names(dt.date.max).items()]


class Listing(Record):
    """An enterprise on the list of grave breaches of trust (严重失信名单): proposed, heard, listed, removed."""

    basis = models.CharField(_("法定情形"), max_length=20, choices=grounds, blank=True)
    ground = models.CharField(_("违法事实"), max_length=200)
    document = models.CharField(_("决定文书号"), max_length=80, blank=True)
    until_date = models.DateField(_("期限至"), null=True, blank=True)


class PlatformPush(models.Model):
    """What the platform of public credit is told about a listing, and its receipt (信用平台推送)."""

    class State(models.TextChoices):
        WAITING = "waiting", _("待推送")
        RECEIVED = "received", _("已有回执")
        FAILED = "failed", _("推送失败")

    class Action(models.TextChoices):
        LIST = "list", _("列入")
        REMOVE = "remove", _("移出")

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    """The same for every attempt."""
    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="pushes")
    action = models.CharField(max_length=10, choices=Action)
    payload = models.JSONField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    receipt = models.CharField(max_length=80, blank=True)
    detail = models.CharField(max_length=200, blank=True)
    """What came of the last attempt."""
    created_at = models.DateTimeField()
    next_at = models.DateTimeField()
    received_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["state", "next_at"], name="credit_push_due")]

    def __str__(self) -> str:
        return f"{self.listing_id} {self.action}"


class PlatformAttempt(AppendOnly):
    """One attempt to tell the platform."""

    push = models.ForeignKey(PlatformPush, on_delete=models.PROTECT, related_name="tries")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=10)
    """``received``, ``later`` or ``refused``."""
    receipt = models.CharField(max_length=80, blank=True)
    detail = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.push_id} {self.outcome}"


class Disclosure(Record):
    """A report an enterprise has to disclose (依法披露报告)."""

    class Kind(models.TextChoices):
        ANNUAL = "annual", _("年度报告")
        AD_HOC = "ad_hoc", _("临时报告")

    kind = models.CharField(_("类型"), max_length=10, choices=Kind, default=Kind.ANNUAL)
    year = models.PositiveSmallIntegerField(_("年度"))
    title = models.CharField(_("标题"), max_length=200)
    event_date = models.DateField(_("事项发生日期"), null=True, blank=True)
    report = models.ForeignKey(Evidence, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(_("公开时间"), null=True, blank=True)
