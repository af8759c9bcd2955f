"""Plans and cards; events with their orders, notices, releases, log and model runs."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.access.models import AppendOnly
from jiangcheng.core.records.models import Record
from jiangcheng.modules.safety.models import fields


class EmergencyPlan(Record):
    """An emergency plan on file, of the government or of an enterprise (应急预案)."""

    class Kind(models.TextChoices):
        CITY = "city", _("政府预案")
        SPECIAL = "special", _("专项预案")
        ENTERPRISE = "enterprise", _("企业预案")

    name_zh = models.CharField(_("预案名称"), max_length=120)
    kind = models.CharField(_("预案类别"), max_length=12, choices=Kind)
    level = models.CharField(_("风险等级"), max_length=10, choices=fields.Risk, blank=True)
    filing = fields.text(_("备案编号"), 60)
    issued_date = models.DateField(_("发布或备案日期"))
    review_date = models.DateField(_("修订期限"), null=True, blank=True)
    """Follows from the day of issue where nobody states it."""
    drilled_date = models.DateField(_("最近演练日期"), null=True, blank=True)

    def clean(self) -> None:
        if self.review_date is not None:
            self.due_at = fields.end_of(self.review_date)


class PlanCard(Record):
    """An action of a plan: at which level, in which phase, who, within how many minutes (应急处置卡)."""

    plan_number = models.CharField(_("预案编号"), max_length=40)
    kind = models.CharField(_("事件类型"), max_length=10, choices=fields.EventKind)
    level = models.CharField(_("启动级别（该级及以上）"), max_length=4, choices=fields.Level)
    phase = models.CharField(_("阶段"), max_length=10, choices=fields.Phase)
    title = models.CharField(_("动作"), max_length=120)
    text = models.TextField(_("要求"), blank=True)
    department = models.CharField(_("责任单位"), max_length=120)
    minutes = models.PositiveIntegerField(_("时限（分钟）"))


class Sandboxed(Record):
    """What may belong to a drill: then no clock of the desk runs on it and no statistic counts it."""

    drill = models.BooleanField(_("演练"), default=False)

    class Meta(Record.Meta):
        abstract = True


def _of_event(row: Record) -> None:
    """Refuse a row that belongs to no event: such rows are written on an event's page, not in a form."""
    if not getattr(row, "event_number", ""):
        raise ValidationError(_("请在突发环境事件的指挥页面上下达、通报和报送。"))


class EmergencyEvent(Sandboxed):
    """An environmental emergency or a drill of one (突发环境事件)."""

    class Intake(models.TextChoices):
        NONE = "", _("无")
        TOWNSHIP = "township", _("乡镇级水源取水中断")
        COUNTY = "county", _("县级水源取水中断")
        CITY = "city", _("地级以上水源取水中断")

    name_zh = models.CharField(_("事件名称"), max_length=120)
    kind = models.CharField(_("事件类型"), max_length=10, choices=fields.EventKind)
    received_at = models.DateTimeField(_("接报时间"))
    reporter = fields.text(_("报告人"), 60)
    place = fields.text(_("地点"), 200)
    cause = models.TextField(_("起因与经过"), blank=True)
    substance = models.CharField(_("污染物"), max_length=20, choices=fields.substances, blank=True)
    released_kg = fields.number(_("泄漏量估计（kg）"))
    level = models.CharField(_("级别"), max_length=4, choices=fields.Level, blank=True)
    deaths = fields.count(_("死亡（人）"))
    hurt = fields.count(_("中毒或重伤（人）"))
    evacuated = fields.count(_("疏散（人）"))
    loss = models.FloatField(_("直接经济损失（万元）"), default=0, validators=fields.POSITIVE)
    intake = models.CharField(_("取水影响"), max_length=10, choices=Intake, blank=True)
    lost_class = models.PositiveSmallIntegerField(_("丢失放射源类别（0 无）"), default=0)
    crossing = models.BooleanField(_("跨省或跨市影响"), default=False)
    repeat_of = models.CharField(_("重演自"), max_length=40, blank=True)


class EmergencyOrder(Sandboxed):
    """An order of the command: acknowledged, then done (应急指令)."""

    event_number = models.CharField(_("事件编号"), max_length=40, db_index=True)
    card_number = models.CharField(_("处置卡编号"), max_length=40, blank=True)
    title = models.CharField(_("动作"), max_length=120)
    text = models.TextField(_("要求"), blank=True)
    department = models.CharField(_("责任单位"), max_length=120)
    answer_by = models.DateTimeField(_("完成时限"))

    def clean(self) -> None:
        _of_event(self)
        if self.closed_at is None:
            self.due_at = None if self.drill else self.answer_by


class DownstreamNotice(Sandboxed):
    """A notice to a partner of joint control, acknowledged until a deadline (上下游通报)."""

    event_number = models.CharField(_("事件编号"), max_length=40, db_index=True)
    partner_number = models.CharField(_("联防单位编号"), max_length=40)
    partner = models.CharField(_("联防单位"), max_length=120)
    text = models.TextField(_("通报内容"))
    answer_by = models.DateTimeField(_("签收时限"))

    def clean(self) -> None:
        _of_event(self)
        if self.closed_at is None:
            self.due_at = None if self.drill else self.answer_by


class NoticeLook(models.Model):
    """An address looked at a notice by its link; for the limit against guessing, forgotten after a day."""

    address_hash = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["address_hash", "at"], name="safety_notice_look")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class EventRelease(Sandboxed):
    """A report to the next level or what the public was told (信息报告与发布)."""

    class Kind(models.TextChoices):
        FIRST = "first", _("初报")
        FURTHER = "further", _("续报")
        FINAL = "final", _("处理结果报告")
        PUBLIC = "public", _("公众信息发布")

    event_number = models.CharField(_("事件编号"), max_length=40, db_index=True)
    kind = models.CharField(_("类型"), max_length=10, choices=Kind)
    addressee = models.CharField(_("报送或发布对象"), max_length=120)
    text = models.TextField(_("内容"))
    sent_at = models.DateTimeField(_("时间"))

    def clean(self) -> None:
        _of_event(self)


class EventEntry(AppendOnly):
    """A line of an event's log. Append-only; each line carries the hash of the one before."""

    event = models.ForeignKey(EmergencyEvent, on_delete=models.PROTECT, related_name="entries")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=12)
    """``step``, ``order``, ``notice``, ``release``, ``model``, ``stock`` or ``note``."""
    text = models.TextField()
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["event", "sequence"]
        constraints = [models.UniqueConstraint(fields=["event", "sequence"], name="safety_entry_sequence")]

    def __str__(self) -> str:
        return f"{self.event} {self.sequence}"


class ModelRun(AppendOnly):
    """A run of a screening model: the question, the answer and what makes both comparable."""

    class Kind(models.TextChoices):
        PLUME = "plume", _("大气扩散")
        RIVER = "river", _("水体推演")

    event = models.ForeignKey(EmergencyEvent, on_delete=models.PROTECT, related_name="runs")
    kind = models.CharField(max_length=8, choices=Kind)
    question = models.JSONField()
    answer = models.JSONField()
    longitude = models.FloatField()
    latitude = models.FloatField()
    sha256 = models.CharField(max_length=64)
    """Of the answer: a run that is computed again has to come out the same."""
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.event} {self.kind} {self.at:%H:%M}"
