"""Gaps, quality control, samples, agencies, requests for data, ids of older systems, frozen statistics."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.access.models import AppendOnly
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry.models import Facility, GridCell, ObservedProperty, Region, Station
from jiangcheng.modules.network.rules import tables

NOT_NEGATIVE = (MinValueValidator(0),)
PERCENT = (*NOT_NEGATIVE, MaxValueValidator(100))


def gap_reasons() -> list[tuple[str, str]]:
    """Return the reasons of gaps of the latest table, named in the reader's language."""
    return _choices("gap_reasons", "reasons")


def qc_kinds() -> list[tuple[str, str]]:
    """Return the kinds of check of the latest table, named in the reader's language."""
    return _choices("qc", "kinds")


def themes() -> list[tuple[str, str]]:
    """Return the themes of campaigns of the latest table, named in the reader's language."""
    return _choices("themes", "themes")


def rural_items() -> list[tuple[str, str]]:
    """Return the items of the rural index of the latest table, named in the reader's language."""
    return _choices("rural", "items")


class AtStation(Record):
    """A row about a station, named by its code; area and plant follow from the station."""

    station = models.CharField(_("站点编码"), max_length=40, db_index=True)

    class Meta(Record.Meta):
        abstract = True

    def clean(self) -> None:
        """Refuse a station the register does not know, and one outside the area the row was given."""
        super().clean()
        found = Station.objects.select_related("region", "outlet__facility").filter(code=self.station).first()
        if found is None:
            raise ValidationError({"station": _now("站点登记中没有这个编码。")})
        self.region = found.region
        self.facility = found.outlet.facility if hasattr(found, "outlet") else None


class Gap(AtStation):
    """A period in which nothing came from a station, and why (数据缺口)."""

    from_at = models.DateTimeField(_("开始"))
    to_at = models.DateTimeField(_("结束"))
    reason = models.CharField(_("原因"), max_length=20, choices=gap_reasons, blank=True)
    measure = models.CharField(_("措施"), max_length=200, blank=True)
    detected = models.BooleanField(_("自动发现"), default=False)

    def clean(self) -> None:
        super().clean()
        if self.from_at and self.to_at and self.to_at <= self.from_at:
            raise ValidationError({"to_at": _now("结束要晚于开始。")})


class QcRecord(AtStation):
    """A check of an instrument, bound to the values it vouches for (质控记录)."""

    class Result(models.TextChoices):
        PASSED = "passed", _("合格")
        FAILED = "failed", _("不合格")

    observed = models.CharField(
        _("因子"), max_length=34, blank=True, help_text=_("如 a34004-avg；空着：全部因子")
    )
    kind = models.CharField(_("质控类别"), max_length=20, choices=qc_kinds)
    device = models.CharField(_("设备编号（MN）"), max_length=40, blank=True)
    performed_at = models.DateTimeField(_("实施时间"))
    valid_to_at = models.DateTimeField(_("有效至"), null=True, blank=True)
    """Empty: as long as the table in force says."""
    result = models.CharField(_("结果"), max_length=8, choices=Result)
    deviation = models.FloatField(_("偏差（%）"), null=True, blank=True)
    agency = models.CharField(_("检测机构编号"), max_length=40, blank=True)
    document = models.CharField(_("记录或报告"), max_length=120, blank=True)

    def clean(self) -> None:
        super().clean()
        _known_property(self.observed, optional=True)
        if self.valid_to_at and self.performed_at and self.valid_to_at <= self.performed_at:
            raise ValidationError({"valid_to_at": _now("结束要晚于开始。")})


class Campaign(Record):
    """A round of manual monitoring: greenhouse gases, groundwater, new pollutants, villages (监测任务)."""

    name_zh = models.CharField(_("名称"), max_length=120)
    theme = models.CharField(_("专题"), max_length=20, choices=themes)
    from_date = models.DateField(_("开始日期"))
    to_date = models.DateField(_("结束日期"))
    planned = models.PositiveIntegerField(_("计划样品数"), default=0)


class LabSample(AtStation):
    """One result of a laboratory, with what vouches for it (手工监测样品)."""

    class Quality(models.TextChoices):
        PASSED = "passed", _("合格")
        FAILED = "failed", _("不合格")

    campaign = models.CharField(_("任务编号"), max_length=40, blank=True)
    sampled_at = models.DateTimeField(_("采样时间"))
    observed = models.CharField(_("因子"), max_length=34, help_text=_("如 w01019-avg"))
    method = models.CharField(_("分析方法"), max_length=80)
    unit = models.CharField(_("单位"), max_length=24)
    lod = models.FloatField(_("检出限"), null=True, blank=True, validators=NOT_NEGATIVE)
    result = models.FloatField(_("检测结果"), null=True, blank=True, validators=NOT_NEGATIVE)
    """Empty: not detected."""
    lab_qc = models.CharField(_("实验室质控"), max_length=8, choices=Quality)
    qc_note = models.CharField(_("质控说明"), max_length=200, blank=True)
    agency = models.CharField(_("检测机构编号"), max_length=40, blank=True)
    report = models.CharField(_("报告编号"), max_length=60, blank=True)
    SETTLED = ("station", "sampled_at", "observed", "unit", "lod", "result", "lab_qc")
    """What the stored value rests on; it stays as it was judged."""

    stored = models.FloatField(_("入库值"), null=True, blank=True)
    rule_version = models.CharField(_("规则版本"), max_length=20, blank=True)

    def clean(self) -> None:
        super().clean()
        found = _known_property(self.observed)
        if found is not None and self.unit not in (found.unit, found.unit_text):
            raise ValidationError({"unit": _now("该因子的单位是 %s。") % found.unit_text})
        if self.result is None and self.lod is None:
            raise ValidationError({"result": _now("检测结果和检出限至少填一项。")})
        before = LabSample.objects.filter(pk=self.pk).exclude(state="entered").first()
        if before is not None and any(getattr(before, name) != getattr(self, name) for name in self.SETTLED):
            raise ValidationError(_now("样品已审核，不能再改；请作废后重新录入。"))
        if self.campaign and not Campaign.objects.filter(number=self.campaign, withdrawn_at=None).exists():
            raise ValidationError({"campaign": _now("没有这个监测任务。")})


class Agency(Record):
    """A private monitoring agency (社会生态环境监测机构)."""

    name_zh = models.CharField(_("名称"), max_length=120)
    name_en = models.CharField(_("英文名称"), max_length=120, blank=True)
    credit_code = models.CharField(_("统一社会信用代码"), max_length=18)
    qualification = models.CharField(_("资质认定证书号"), max_length=60)
    qualified_to_date = models.DateField(_("证书有效至"), null=True, blank=True)
    """Empty: not known, which counts as not valid."""
    staff = models.PositiveIntegerField(_("持证人员数"), default=0)
    scope = models.CharField(_("能力范围"), max_length=300, blank=True)


class AgencyCheck(Record):
    """A check of an agency, and what followed (监测机构检查)."""

    agency = models.CharField(_("检测机构编号"), max_length=40, db_index=True)
    checked_date = models.DateField(_("检查日期"))
    score = models.FloatField(_("得分"), null=True, blank=True, validators=PERCENT)
    problems = models.TextField(_("发现的问题"), blank=True)
    penalty = models.CharField(_("处罚决定书编号"), max_length=60, blank=True)

    def clean(self) -> None:
        super().clean()
        if not Agency.objects.filter(number=self.agency).exists():
            raise ValidationError({"agency": _now("没有这家机构。")})


class RuralResult(Record):
    """How many samples of an item a village had in a year, and how many complied (农村环境监测结果)."""

    village = models.CharField(_("村"), max_length=80)
    year = models.PositiveIntegerField(_("年度"))
    item = models.CharField(_("项目"), max_length=20, choices=rural_items)
    samples = models.PositiveIntegerField(_("样品数"))
    compliant = models.PositiveIntegerField(_("达标数"))
    basis = models.CharField(_("评价依据"), max_length=120, blank=True)

    def clean(self) -> None:
        super().clean()
        if self.compliant is not None and self.samples is not None and self.compliant > self.samples:
            raise ValidationError({"compliant": _now("达标数不能多于样品数。")})


class DataRequest(Record):
    """A department asks for a dataset; another person grants it until a day (数据共享申请)."""

    unit = models.CharField(_("申请单位"), max_length=120)
    dataset = models.CharField(_("数据集代码"), max_length=80, help_text=_("见数据目录"))
    purpose = models.CharField(_("用途"), max_length=300)
    until_date = models.DateField(_("使用至"))
    granted = models.JSONField(_("授权内容"), default=dict, blank=True)
    """What was granted, to whom and until when: later changes of the row change nothing of it."""


class IdMapping(Record):
    """What a thing of ours was called in an older system (旧系统编码对照)."""

    class Kind(models.TextChoices):
        STATION = "station", _("站点")
        FACILITY = "facility", _("企业")
        REGION = "region", _("行政区")
        GRID = "grid", _("网格")
        PROPERTY = "property", _("因子")

    system = models.CharField(_("原系统"), max_length=40)
    kind = models.CharField(_("对象类别"), max_length=10, choices=Kind)
    old_id = models.CharField(_("原编码"), max_length=80)
    code = models.CharField(_("本系统编码"), max_length=40)

    def clean(self) -> None:
        super().clean()
        if self.kind == self.Kind.PROPERTY:
            _known_property(self.code, field="code")
            return
        model = {"station": Station, "facility": Facility, "region": Region, "grid": GridCell}.get(self.kind)
        if model is not None and not model._default_manager.filter(code=self.code).exists():
            raise ValidationError({"code": _now("登记中没有这个编码。")})


class PullLog(AppendOnly):
    """Somebody took a dataset away, or was refused it."""

    request_number = models.CharField(max_length=40, db_index=True)
    dataset = models.CharField(max_length=80)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    form = models.CharField(max_length=8)
    asked = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=20)
    """``delivered``, ``expired``, ``not_granted`` or ``foreign``."""
    rows = models.PositiveIntegerField(default=0)
    """How many rows were due when the answer began."""
    address = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.request_number} {self.at:%Y-%m-%d} {self.outcome}"


class DatasetState(models.Model):
    """What was found of a dataset when its quality was last computed."""

    code = models.CharField(max_length=80, unique=True)
    rows = models.BigIntegerField(default=0)
    last_at = models.DateTimeField(null=True)
    parts = models.JSONField(default=dict)
    score = models.FloatField(null=True)
    computed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.code} {self.score}"


class QcFlag(models.Model):
    """A value that the rule of quality control has flagged, and the flag it had before."""

    station = models.IntegerField()
    property = models.IntegerField()
    granularity = models.SmallIntegerField()
    start = models.BigIntegerField()
    previous = models.SmallIntegerField()
    reason = models.CharField(max_length=8)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["station", "property", "granularity", "start"], name="qc_flag_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.station} {self.property} {self.start} {self.reason}"


class StatisticsEdition(AppendOnly):
    """A table of a year as it was frozen; computed again from what was known then, the bytes are the same."""

    table = models.CharField(max_length=40)
    year = models.PositiveIntegerField()
    edition = models.PositiveIntegerField()
    definition = models.JSONField()
    basis = models.JSONField()
    """The points taken, with county: the register of stations keeps no history."""
    known_at = models.DateTimeField()
    """Stored records count as they were known at this instant."""
    content = models.TextField()
    sha256 = models.CharField(max_length=64)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["table", "year", "edition"], name="statistics_edition_once")
        ]

    def __str__(self) -> str:
        return f"{self.table} {self.year} v{self.edition}"


def _choices(table: str, part: str) -> list[tuple[str, str]]:
    name = "name_zh" if (get_language() or "zh").startswith("zh") else "name_en"
    return [(item["code"], item[name]) for item in tables.table(table)[-1][part]]


def _known_property(name: str, *, optional: bool = False, field: str = "observed") -> ObservedProperty | None:
    if optional and not name:
        return None
    code, _dash, statistic = name.partition("-")
    found = ObservedProperty.objects.filter(code=code, statistic=statistic or "avg").first()
    if found is None:
        raise ValidationError({field: _now("没有这个因子；请按“代码-统计量”填写，如 a34004-avg。")})
    return found
