"""Toxic chemicals, new pollutants, radiation sources and devices."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.modules.safety.models import fields
from jiangcheng.modules.safety.rules import radiation, tables


def listed(row: Record, code: str, kind: str, year: int) -> str:
    """Return the version of a list that held at the end of a year; refuse what it does not name."""
    last = min(timezone.localdate(row.created_at), dt.date(year, 12, 31))
    try:
        version = tables.in_force("chemicals", last, list=kind)
        tables.row(version, code)
    except LookupError as error:
        raise ValidationError(_("该年度的名录中没有这种物质，请核对年度或名录版本。")) from error
    return str(version["version"])


class Activity(models.TextChoices):
    """What a unit does with a substance."""

    PRODUCE = "produce", _("生产")
    USE = "use", _("使用")
    STORE = "store", _("储存")
    TRADE = "trade", _("进出口")
    EMIT = "emit", _("排放")


class ToxicChemical(Record):
    """A listed toxic chemical in a unit in a year (有毒有害化学品)."""

    substance = models.CharField(_("物质"), max_length=20, choices=fields.toxic)
    year = models.PositiveIntegerField(_("年度"))
    activity = models.CharField(_("活动"), max_length=8, choices=Activity)
    tons = models.FloatField(_("数量（t）"), validators=fields.POSITIVE)
    measure = models.TextField(_("风险管控措施"), blank=True)
    list_version = models.CharField(_("名录版本"), max_length=20, blank=True)

    def clean(self) -> None:
        if self.substance and self.year:
            self.list_version = listed(self, self.substance, "toxic", self.year)


class PollutantUse(Record):
    """A new pollutant under key control in a unit in a year (新污染物调查)."""

    substance = models.CharField(_("物质"), max_length=20, choices=fields.new_pollutants)
    year = models.PositiveIntegerField(_("年度"))
    activity = models.CharField(_("活动"), max_length=8, choices=Activity)
    kilograms = models.FloatField(_("数量（kg）"), validators=fields.POSITIVE)
    list_version = models.CharField(_("清单版本"), max_length=20, blank=True)

    def clean(self) -> None:
        if self.substance and self.year:
            self.list_version = listed(self, self.substance, "new", self.year)


class PollutantResult(Record):
    """A result of monitoring of a new pollutant (新污染物监测结果)."""

    class Medium(models.TextChoices):
        WATER = "water", _("地表水")
        WASTEWATER = "wastewater", _("废水")
        SEDIMENT = "sediment", _("沉积物")
        SOIL = "soil", _("土壤")
        AIR = "air", _("空气")

    substance = models.CharField(_("物质"), max_length=20, choices=fields.new_pollutants)
    point = models.CharField(_("点位"), max_length=120)
    medium = models.CharField(_("介质"), max_length=12, choices=Medium)
    sampled_date = models.DateField(_("采样日期"))
    value = fields.number(_("结果"))
    unit = models.CharField(_("单位"), max_length=20, default="ng/L")
    below_limit = models.BooleanField(_("未检出"), default=False)
    screening = fields.number(_("筛选值"))
    screening_source = fields.text(_("筛选值来源"), 200)

    def quotient(self) -> float | None:
        """Return the result over its screening value; None where one of them is missing."""
        if self.below_limit or self.value is None or not self.screening:
            return None
        return self.value / self.screening


class PollutantAssessment(Record):
    """The assessment of a new pollutant's risk (新污染物风险评估)."""

    class Verdict(models.TextChoices):
        LOW = "low", _("风险较低")
        WATCH = "watch", _("需持续监测")
        CONTROL = "control", _("需管控")

    substance = models.CharField(_("物质"), max_length=20, choices=fields.new_pollutants)
    assessed_date = models.DateField(_("评估日期"))
    method = fields.text(_("评估方法"), 200)
    quotient = fields.number(_("最大风险商"))
    verdict = models.CharField(_("结论"), max_length=8, choices=Verdict)
    measure = models.TextField(_("管控措施"), blank=True)


class RadiationSource(Record):
    """A sealed radioactive source (放射源)."""

    class Class(models.TextChoices):
        FIRST = "I", "Ⅰ"
        SECOND = "II", "Ⅱ"
        THIRD = "III", "Ⅲ"
        FOURTH = "IV", "Ⅳ"
        FIFTH = "V", "Ⅴ"

    code = models.CharField(_("放射源编码"), max_length=12, unique=True)
    nuclide = models.CharField(_("核素"), max_length=12, blank=True)
    source_class = models.CharField(_("类别"), max_length=4, choices=Class)
    activity_bq = models.FloatField(_("出厂活度（Bq）"), validators=fields.POSITIVE)
    made_date = models.DateField(_("出厂日期"), null=True, blank=True)
    purpose = fields.text(_("用途"), 80)
    location = fields.text(_("使用场所"), 120)
    permit = models.CharField(_("辐射安全许可证"), max_length=40)
    permit_expires_date = models.DateField(_("许可证有效期至"))

    def clean(self) -> None:
        on = timezone.localdate(self.created_at)
        told = {
            "length": _("编码应为 12 位。"),
            "signs": _("编码应为：生产单位 2 位、年份 2 位、核素 2 个大写字母、序列号 5 位、类别 1 位。"),
            "nuclide": _("编码第 5、6 位不是已知核素代码。"),
            "class": _("编码末位与类别不一致。"),
        }
        if self.code and self.source_class:
            if problem := radiation.code_problem(self.code, self.source_class, on):
                raise ValidationError({"code": [told[problem]]})
            self.nuclide = tables.in_force("radiation", on)["nuclides"][self.code[4:6]]
        self.due_at = _warned(self, self.permit_expires_date)


class RadiationDevice(Record):
    """An X-ray device, an accelerator or the like (射线装置)."""

    class Class(models.TextChoices):
        FIRST = "I", "Ⅰ"
        SECOND = "II", "Ⅱ"
        THIRD = "III", "Ⅲ"

    name_zh = models.CharField(_("装置名称"), max_length=120)
    model_code = fields.text(_("型号与出厂编号"), 80)
    device_class = models.CharField(_("类别"), max_length=4, choices=Class)
    location = fields.text(_("使用场所"), 120)
    permit = models.CharField(_("辐射安全许可证"), max_length=40)
    permit_expires_date = models.DateField(_("许可证有效期至"))

    def clean(self) -> None:
        self.due_at = _warned(self, self.permit_expires_date)


class SourceMove(Record):
    """A movement of a source: who gave it to whom, and what allows it (放射源转移)."""

    class Kind(models.TextChoices):
        IN = "in", _("转入")
        OUT = "out", _("转出")
        FIELD = "field", _("异地使用")
        STORE = "store", _("送贮")
        RETURN = "return", _("返回原产")

    source_code = models.CharField(_("放射源编码"), max_length=12, db_index=True)
    kind = models.CharField(_("类型"), max_length=8, choices=Kind)
    moved_date = models.DateField(_("日期"))
    from_unit = models.CharField(_("转出单位"), max_length=120)
    to_unit = models.CharField(_("转入单位"), max_length=120)
    approval = models.CharField(_("审批或备案编号"), max_length=60)

    def clean(self) -> None:
        if self.source_code and not RadiationSource.objects.filter(code=self.source_code).exists():
            raise ValidationError({"source_code": [_("台账中没有这枚放射源。")]})


def _warned(row: Record, day: dt.date | None) -> dt.datetime | None:
    """Return when the expiry of a permit becomes somebody's case: some days ahead of it."""
    if row.closed_at is not None or day is None:
        return row.due_at if row.closed_at is None else None
    ahead = tables.in_force("frequencies", timezone.localdate(row.created_at))["permit_warn_days"]
    return fields.end_of(day - dt.timedelta(days=ahead))
