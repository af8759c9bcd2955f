"""Drinking-water sources, their zones, recharge areas and what is kept in reserve."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.modules.water.models import fields


class DrinkingSource(Record):
    """A centralised drinking-water source (集中式饮用水水源地)."""

    class Kind(models.TextChoices):
        RIVER = "river", _("河流型")
        LAKE = "lake", _("湖库型")
        GROUND = "ground", _("地下水型")

    class Level(models.TextChoices):
        CITY = "city", _("地级")
        COUNTY = "county", _("县级")
        TOWN = "town", _("乡镇级")
        VILLAGE = "village", _("农村千吨万人")

    name_zh = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("水源类型"), max_length=10, choices=Kind)
    level = models.CharField(_("级别"), max_length=10, choices=Level)
    section_code = fields.text(_("取水口断面"), 40)
    daily_tons = fields.number(_("日供水量（吨）"))
    people = models.PositiveIntegerField(_("服务人口"), null=True, blank=True)
    in_use = models.BooleanField(_("在用"), default=True)
    approved_by = fields.text(_("划定批复文号"), 80)


class SourceZone(Record):
    """A zone of protection (一级、二级、准保护区) of a source in ``[from, to)``."""

    class Level(models.TextChoices):
        FIRST = "first", _("一级保护区")
        SECOND = "second", _("二级保护区")
        OUTER = "outer", _("准保护区")

    source_number = models.CharField(_("水源地编号"), max_length=40)
    level = models.CharField(_("保护区级别"), max_length=10, choices=Level)
    boundary = models.JSONField(_("边界（GeoJSON）"), validators=(fields.is_area,))
    approved_by = fields.text(_("划定批复文号"), 80)
    valid_from_date = models.DateField(_("生效日期"))
    valid_to_date = models.DateField(_("失效日期"), null=True, blank=True)


class SourceCheck(Record):
    """One answer of the compliance check of a source on a day."""

    class Answer(models.TextChoices):
        MET = "met", _("符合")
        UNMET = "unmet", _("不符合")
        NOT_APPLICABLE = "na", _("不适用")

    source_number = models.CharField(_("水源地编号"), max_length=40)
    item = models.CharField(_("检查项"), max_length=40, choices=fields.check_choices)
    answer = models.CharField(_("结论"), max_length=6, choices=Answer)
    checked_date = models.DateField(_("检查日期"))
    note = models.TextField(_("说明"), blank=True)


class RechargeArea(Record):
    """The recharge area of a groundwater source (补给区)."""

    source_number = models.CharField(_("水源地编号"), max_length=40)
    boundary = models.JSONField(_("边界（GeoJSON）"), validators=(fields.is_area,))
    area_km2 = fields.number(_("面积（km²）"))
    basis = fields.text(_("划定依据"), 200)
    valid_from_date = models.DateField(_("生效日期"))


class BackupSource(Record):
    """A backup source for emergencies (应急备用水源)."""

    name_zh = models.CharField(_("名称"), max_length=120)
    replaces_number = fields.text(_("替代的水源地编号"), 40)
    kind = models.CharField(_("水源类型"), max_length=10, choices=DrinkingSource.Kind)
    daily_tons = fields.number(_("日供水能力（吨）"))
    days = models.PositiveIntegerField(_("可供水天数"), null=True, blank=True)
    switch_plan = models.TextField(_("切换方案"), blank=True)
    drilled_date = models.DateField(_("最近演练日期"), null=True, blank=True)
    is_ready = models.BooleanField(_("已建成可用"), default=False)
