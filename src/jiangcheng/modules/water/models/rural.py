"""Farms and villages: manure, sewage, waste, toilets."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.modules.water.models import fields


class ManureFarm(Record):
    """A farm and what becomes of its manure in a year (畜禽粪污)."""

    class Species(models.TextChoices):
        PIG = "pig", _("猪")
        CATTLE = "cattle", _("牛")
        SHEEP = "sheep", _("羊")
        POULTRY = "poultry", _("家禽")
        OTHER = "other", _("其他")

    name_zh = models.CharField(_("名称"), max_length=120)
    species = models.CharField(_("畜种"), max_length=10, choices=Species)
    heads = models.PositiveIntegerField(_("存栏（头、只）"), default=0)
    is_large = models.BooleanField(_("规模养殖场"), default=False)
    has_facility = models.BooleanField(_("粪污处理设施配套"), default=False)
    year = models.PositiveSmallIntegerField(_("年份"))
    produced_tons = fields.number(_("粪污产生量（吨）"))
    treated_tons = fields.number(_("粪污处理量（吨）"))
    used_tons = fields.number(_("资源化利用量（吨）"))
    collector = fields.text(_("收储运单位"))


class Village(Record):
    """Sewage, waste and toilets of an administrative village (三大革命)."""

    class Sewage(models.TextChoices):
        NONE = "none", _("未治理")
        NETWORK = "network", _("纳入城镇管网")
        FACILITY = "facility", _("集中处理设施")
        REUSE = "reuse", _("资源化利用")

    class Running(models.TextChoices):
        NONE = "none", _("无设施")
        NORMAL = "normal", _("正常运行")
        IDLE = "idle", _("闲置")
        BROKEN = "broken", _("损坏停运")

    name_zh = models.CharField(_("行政村"), max_length=120)
    households = models.PositiveIntegerField(_("户数"), default=0)
    people = models.PositiveIntegerField(_("人口"), default=0)
    sewage = models.CharField(_("生活污水治理"), max_length=10, choices=Sewage, default=Sewage.NONE)
    facility_state = models.CharField(_("设施状态"), max_length=10, choices=Running, default=Running.NONE)
    has_collection = models.BooleanField(_("垃圾收运体系覆盖"), default=False)
    toilets = models.PositiveIntegerField(_("卫生厕所户数"), default=0)
    checked_date = models.DateField(_("最近检查日期"), null=True, blank=True)
    run_record = models.TextField(_("运行记录"), blank=True)
