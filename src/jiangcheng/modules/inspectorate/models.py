"""Rounds of inspection, the problems they fed back, the measures against them, transferred complaints, notices."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.access.models import AppendOnly
from jiangcheng.core.records.models import Record


class Round(Record):
    """A round of inspection (督察轮次)."""

    class Level(models.TextChoices):
        CENTRAL = "central", _("中央")
        PROVINCE = "province", _("省级")

    name = models.CharField(_("名称"), max_length=120)
    level = models.CharField(_("级别"), max_length=10, choices=Level)
    starts_date = models.DateField(_("进驻日期"))
    ends_date = models.DateField(_("结束日期"), null=True, blank=True)
    feedback_date = models.DateField(_("反馈日期"), null=True, blank=True)


class Problem(Record):
    """A problem that was fed back (督察反馈问题), to be rectified and closed out."""

    round_number = models.CharField(_("督察轮次"), max_length=40)
    paragraph = models.CharField(_("反馈段落"), max_length=60, blank=True)
    text = models.TextField(_("问题"))
    goal = models.TextField(_("整改目标"))
    lead_unit = models.CharField(_("责任单位"), max_length=120)
    leader = models.CharField(_("责任领导"), max_length=80, blank=True)
    due_date = models.DateField(_("整改时限"))
    asked_due_date = models.DateField(_("申请延至"), null=True, blank=True)
    extensions = models.PositiveSmallIntegerField(_("延期次数"), default=0)
    publicity_ends_date = models.DateField(_("公示截止"), null=True, blank=True)
    closed_out_at = models.DateTimeField(_("销号时间"), null=True, blank=True)
    rebounds = models.PositiveSmallIntegerField(_("反弹次数"), default=0)


class Measure(Record):
    """A measure against a problem (整改措施)."""

    problem_number = models.CharField(_("问题编号"), max_length=40)
    text = models.TextField(_("措施"))
    unit = models.CharField(_("落实单位"), max_length=120, blank=True)


class Transfer(Record):
    """A complaint the inspectors transferred (信访转办件)."""

    class Verdict(models.TextChoices):
        TRUE = "true", _("属实")
        PARTLY = "partly", _("部分属实")
        FALSE = "false", _("不属实")

    batch = models.PositiveIntegerField(_("批次"))
    received_date = models.DateField(_("转办日期"))
    channel = models.CharField(_("来源"), max_length=20, default="来电")
    key_case = models.BooleanField(_("重点件"), default=False)
    duplicate = models.BooleanField(_("重复件"), default=False)
    types = models.CharField(_("污染类型"), max_length=100)
    """Separated by ``、``."""
    text = models.TextField(_("举报内容"))
    contact = models.CharField(_("举报人联系方式"), max_length=80, blank=True)
    verdict = models.CharField(_("调查结论"), max_length=8, choices=Verdict, blank=True)
    ordered = models.BooleanField(_("责令整改"), default=False)
    fine = models.FloatField(_("罚款（元）"), default=0)
    talks = models.PositiveIntegerField(_("约谈人数"), default=0)
    accountable = models.PositiveIntegerField(_("问责人数"), default=0)
    filed = models.PositiveIntegerField(_("立案数"), default=0)
    detained = models.PositiveIntegerField(_("拘留人数"), default=0)
    result = models.TextField(_("办理情况"), blank=True)


class Notice(AppendOnly):
    """An edition of the notice of a day, as it was computed from the records of that moment."""

    day_date = models.DateField()
    edition = models.PositiveIntegerField()
    table = models.JSONField()
    sha256 = models.CharField(max_length=64)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day_date", "edition"], name="notice_edition")]

    def __str__(self) -> str:
        return f"{self.day_date} {self.edition}"
