"""Water as a quantity: base flow, quotas, groundwater."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.modules.water.models import fields


class BaseFlowSection(Record):
    """A section whose ecological base flow is controlled (生态基流), in a period of each year."""

    class Rule(models.TextChoices):
        DAY = "day", _("按日统计")
        MONTH = "month", _("按月均统计")

    name_zh = models.CharField(_("名称"), max_length=120)
    river = models.CharField(_("河流"), max_length=60)
    section_code = models.CharField(_("断面代码"), max_length=40)
    """Code of the station that carries the daily flow."""
    base_flow = models.FloatField(_("生态基流（m³/s）"), validators=fields.NOT_NEGATIVE)
    winter_flow = fields.number(_("冰封期基流（m³/s）"))
    winter_from_month = fields.month(_("冰封期起月"), 12)
    winter_to_month = fields.month(_("冰封期止月"), 3)
    from_month = fields.month(_("控制期起月"), 1)
    to_month = fields.month(_("控制期止月"), 12)
    rule = models.CharField(_("统计规则"), max_length=6, choices=Rule, default=Rule.DAY)
    required_percent = models.FloatField(
        _("要求保障率（%）"), default=90, validators=(MinValueValidator(0), MaxValueValidator(100))
    )
    basis = fields.text(_("核定文件"), 200)


class WaterQuota(Record):
    """Water use of a county in a year against its quota (用水总量、用水强度) [10⁴ m³]."""

    year = models.PositiveSmallIntegerField(_("年份"))
    quota = models.FloatField(_("用水总量指标（万m³）"), validators=fields.NOT_NEGATIVE)
    farming = fields.number(_("农业用水（万m³）"))
    industry = fields.number(_("工业用水（万m³）"))
    households = fields.number(_("生活用水（万m³）"))
    ecology = fields.number(_("生态用水（万m³）"))
    through_date = models.DateField(_("统计截至"))
    gdp = fields.number(_("地区生产总值（亿元）"))
    intensity_target = fields.number(_("万元GDP用水量指标（m³）"))

    @property
    def used(self) -> float:
        """Use of all sectors so far [10⁴ m³]."""
        return sum(part or 0.0 for part in (self.farming, self.industry, self.households, self.ecology))


class Well(Record):
    """A groundwater well of a control unit, with quantity and level (地下水双控)."""

    name_zh = models.CharField(_("名称"), max_length=120)
    unit_name = models.CharField(_("管控单元"), max_length=80)
    year = models.PositiveSmallIntegerField(_("年份"))
    quota = fields.number(_("年度取水指标（万m³）"))
    abstracted = fields.number(_("累计取水量（万m³）"))
    control_depth = fields.number(_("控制埋深（m）"))
    depth = fields.number(_("现状埋深（m）"))
    measured_date = models.DateField(_("测量日期"), null=True, blank=True)
