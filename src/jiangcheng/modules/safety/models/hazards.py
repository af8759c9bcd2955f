"""Eco-safety hazards, consultations, the coordination mechanism, risk units and their hazards."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.modules.safety.models import fields


class EcoHazard(Record):
    """A hazard to ecological safety with an owner and a day of review (生态安全隐患)."""

    class Kind(models.TextChoices):
        WATER = "water", _("水生态与饮用水")
        SPECIES = "species", _("外来物种与生物安全")
        CHEMICAL = "chemical", _("危险化学品与尾矿")
        NUCLEAR = "nuclear", _("核与辐射")
        CLIMATE = "climate", _("极端气候与次生灾害")
        OTHER = "other", _("其他")

    name_zh = models.CharField(_("隐患名称"), max_length=120)
    kind = models.CharField(_("类别"), max_length=10, choices=Kind)
    level = models.CharField(_("等级"), max_length=10, choices=fields.Risk)
    owner = models.CharField(_("责任单位"), max_length=120)
    measure = models.TextField(_("防控措施"), blank=True)
    review_date = models.DateField(_("复核日期"))

    def clean(self) -> None:
        if self.closed_at is None:
            self.due_at = fields.end_of(self.review_date)


class Consultation(Record):
    """A consultation on the state of ecological safety; it ends in tasks (会商)."""

    name_zh = models.CharField(_("会商名称"), max_length=120)
    held_date = models.DateField(_("会商日期"))
    chair = fields.text(_("主持"), 60)
    attended = models.TextField(_("参加单位"), blank=True)
    situation = models.TextField(_("形势分析"), blank=True)
    conclusion = models.TextField(_("会商结论"))


class ConsultationTask(Record):
    """What a consultation asks of a department until a day."""

    consultation_number = models.CharField(_("会商编号"), max_length=40)
    task = models.TextField(_("任务"))
    owner = models.CharField(_("承办单位"), max_length=120)
    term_date = models.DateField(_("完成日期"))

    def clean(self) -> None:
        if self.closed_at is None:
            self.due_at = fields.end_of(self.term_date)


class Part(models.TextChoices):
    """A department's part in a phase."""

    LEAD = "lead", _("牵头")
    SUPPORT = "support", _("配合")
    INFORM = "inform", _("知悉")
    NONE = "", _("无")


def _part(name: Any) -> models.CharField[str, str]:
    return models.CharField(name, max_length=8, choices=Part, blank=True)


class CoordinationMember(Record):
    """A department of the coordination mechanism: whom to call, and its part in each phase (协调机制成员单位)."""

    department = models.CharField(_("单位"), max_length=120)
    duty = models.TextField(_("职责"), blank=True)
    contact = fields.text(_("联络员"), 60)
    mobile = fields.text(_("联络员手机"), 30)
    duty_phone = models.CharField(_("24 小时值班电话"), max_length=40)
    at_report = _part(_("报告"))
    at_judge = _part(_("研判"))
    at_respond = _part(_("响应"))
    at_monitor = _part(_("监测"))
    at_end = _part(_("终止"))
    at_evaluate = _part(_("评估"))

    def parts(self) -> list[str]:
        """Return the part in each phase, in their order."""
        return [getattr(self, f"at_{phase}") for phase in fields.Phase.values]


class RiskUnit(Record):
    """A risk source or risk enterprise, checked as often as its level asks (环境风险源)."""

    name_zh = models.CharField(_("风险源名称"), max_length=120)
    level = models.CharField(_("风险等级"), max_length=10, choices=fields.Risk)
    substances = fields.text(_("主要风险物质"), 200)
    largest_tons = fields.number(_("最大存量（t）"))
    q_ratio = fields.number(_("Q 值"))
    checked_date = models.DateField(_("上次排查日期"), null=True, blank=True)
    rule_version = models.CharField(_("频次规则版本"), max_length=20, blank=True)


class RiskHazard(Record):
    """A hazard found in a check; closed with evidence by another person (环境隐患)."""

    unit_number = models.CharField(_("风险源编号"), max_length=40)
    level = models.CharField(_("隐患等级"), max_length=10, choices=fields.Risk)
    description = models.TextField(_("隐患情况"))
    found_date = models.DateField(_("发现日期"))
    term_date = models.DateField(_("整改期限"))

    def clean(self) -> None:
        if self.closed_at is None:
            self.due_at = fields.end_of(self.term_date)
