"""Activity data, frozen inventories, the carbon market, reductions, low-carbon actions, coal and climate."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.access.models import AppendOnly
from jiangcheng.core.records.models import Record
from jiangcheng.modules.climate import rules

NOT_NEGATIVE = (MinValueValidator(0),)
PERCENT = (MinValueValidator(0), MaxValueValidator(200))
SHARE = (MinValueValidator(0), MaxValueValidator(100))
YEAR = (MinValueValidator(1990), MaxValueValidator(2100))


def activity_kinds() -> list[tuple[str, str]]:
    """Return the kinds of activity with their units, in the reader's language."""
    items = rules.TABLES.versions("factors")[-1]["activities"]
    return [(item["code"], f"{item[_language()]}（{item['unit']}）") for item in items]


def actions() -> list[tuple[str, str]]:
    """Return the low-carbon actions that have a method."""
    items = rules.TABLES.versions("inclusive")[-1]["methods"]
    return [(item["code"], f"{item[_language()]}（{item['unit']}）") for item in items]


def hazards() -> list[tuple[str, str]]:
    """Return the hazards of the climate."""
    return [(item["code"], item[_language()]) for item in rules.TABLES.versions("risk")[-1]["hazards"]]


def indices() -> list[tuple[str, str]]:
    """Return the climate indices with their units."""
    items = rules.TABLES.versions("risk")[-1]["indices"]
    return [(item["code"], f"{item[_language()]}（{item['unit']}）") for item in items]


class ActivityDatum(Record):
    """How much of an activity there was in a year (活动水平数据)."""

    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    kind = models.CharField(_("活动"), max_length=40, choices=activity_kinds)
    amount = models.FloatField(_("活动水平"), validators=NOT_NEGATIVE)
    recovered = models.FloatField(_("回收利用量（吨甲烷）"), default=0, validators=NOT_NEGATIVE)
    uncertainty = models.FloatField(_("不确定度（%）"), null=True, blank=True, validators=PERCENT)
    origin = models.CharField(_("数据来源"), max_length=200)


class FrozenInventory(AppendOnly):
    """A version of a year's inventory as it was computed; the same inputs give the same bytes."""

    year = models.PositiveIntegerField()
    edition = models.CharField(max_length=10)
    """Edition of the guide."""
    version = models.PositiveIntegerField()
    inputs = models.JSONField()
    """Activities with the numbers of their rows."""
    table_date = models.DateField()
    """Day whose table of factors was used."""
    content = models.TextField()
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["year", "edition", "version"]
        constraints = [
            models.UniqueConstraint(fields=["year", "edition", "version"], name="inventory_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.edition} v{self.version}"


class CarbonEnterprise(Record):
    """A unit of the national carbon market in a year: emission, allowance, clearance."""

    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    sector = models.CharField(_("行业"), max_length=40)
    emission = models.FloatField(_("核查排放量（吨）"), null=True, blank=True, validators=NOT_NEGATIVE)
    allowance = models.FloatField(_("配额（吨）"), null=True, blank=True, validators=NOT_NEGATIVE)
    surrendered = models.FloatField(_("已清缴（吨）"), default=0, validators=NOT_NEGATIVE)


class Reduction(Record):
    """A certified amount of a reduction project over a period (减排量核证)."""

    name_zh = models.CharField(_("项目名称"), max_length=160)
    method = models.CharField(_("方法学"), max_length=80)
    starts_date = models.DateField(_("核算期起"))
    ends_date = models.DateField(_("核算期止"))
    amount = models.FloatField(_("减排量（吨二氧化碳当量）"), validators=NOT_NEGATIVE)
    certificate = models.CharField(_("核证编号"), max_length=60, blank=True)

    def clean(self) -> None:
        """Refuse a period that ends before it begins."""
        if self.ends_date and self.starts_date and self.ends_date < self.starts_date:
            raise ValidationError({"ends_date": _("核算期止不能早于核算期起。")})


class CarbonAction(Record):
    """A low-carbon action of an account, told once by its voucher (低碳行为)."""

    account = models.CharField(_("账户"), max_length=40)
    action = models.CharField(_("行为"), max_length=20, choices=actions)
    quantity = models.FloatField(_("数量"), validators=(MinValueValidator(0.001),))
    done_date = models.DateField(_("日期"))
    voucher = models.CharField(_("凭证号"), max_length=80)
    reduction = models.FloatField(_("减排量（千克）"), null=True, blank=True)
    points = models.IntegerField(_("积分"), null=True, blank=True)
    rule_version = models.CharField(_("规则版本"), max_length=20, blank=True)

    class Meta(Record.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["voucher"], condition=models.Q(withdrawn_at=None), name="carbon_voucher_once"
            )
        ]


class CarbonRedemption(Record):
    """Points that an account gives for something (积分兑换)."""

    account = models.CharField(_("账户"), max_length=40)
    points = models.PositiveIntegerField(_("积分"), validators=(MinValueValidator(1),))
    purpose = models.CharField(_("用途"), max_length=120)


class CoalUse(Record):
    """Coal that a unit or an area may burn in a year, and how much it burnt (煤炭消费)."""

    unit = models.CharField(_("单位"), max_length=120)
    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    quota = models.FloatField(_("控制量（吨标准煤）"), null=True, blank=True, validators=NOT_NEGATIVE)
    used = models.FloatField(_("消费量（吨标准煤）"), null=True, blank=True, validators=NOT_NEGATIVE)


class ClimateIndex(Record):
    """An index of the climate in a year at a place (气候指数)."""

    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    place = models.CharField(_("站点"), max_length=80)
    code = models.CharField(_("指数"), max_length=20, choices=indices)
    value = models.FloatField(_("数值"))
    origin = models.CharField(_("数据来源"), max_length=200)


class ClimateRisk(Record):
    """A place at risk from a hazard of the climate (气候风险点)."""

    class Level(models.TextChoices):
        GRAVE = "1", _("Ⅰ级（重大）")
        HIGH = "2", _("Ⅱ级（较大）")
        ORDINARY = "3", _("Ⅲ级（一般）")
        LOW = "4", _("Ⅳ级（低）")

    name_zh = models.CharField(_("名称"), max_length=120)
    hazard = models.CharField(_("灾种"), max_length=20, choices=hazards)
    level = models.CharField(_("风险等级"), max_length=2, choices=Level)
    assessed_date = models.DateField(_("评估日期"))
    exposed = models.PositiveIntegerField(_("影响人口（人）"), null=True, blank=True)
    measure = models.CharField(_("适应措施"), max_length=200, blank=True)


class ClimateStation(Record):
    """A weather station whose daily rows the indices of the climate are computed from (气象站)."""

    code = models.CharField(_("站号"), max_length=20)
    name_zh = models.CharField(_("名称"), max_length=80)
    elevation = models.FloatField(_("海拔（米）"), null=True, blank=True)
    source = models.CharField(_("数据来源"), max_length=200)

    class Meta(Record.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["code"], condition=models.Q(withdrawn_at=None), name="climate_station_once"
            )
        ]

    def clean(self) -> None:
        """Ask for a position: the light of a day depends on it."""
        if self.longitude is None or self.latitude is None:
            raise ValidationError({"latitude": _("请填写经度和纬度。")})


class WeatherDay(models.Model):
    """A day of a station [℃, mm]; null where it was not measured."""

    station = models.ForeignKey(ClimateStation, on_delete=models.PROTECT, related_name="days")
    day_date = models.DateField()
    highest = models.FloatField(null=True)
    lowest = models.FloatField(null=True)
    rain = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["station", "day_date"], name="climate_day_once")]

    def __str__(self) -> str:
        return f"{self.station_id} {self.day_date}"


class StationClimate(models.Model):
    """What the days of a station came to, kept so that a page need not compute decades."""

    station = models.OneToOneField(ClimateStation, on_delete=models.PROTECT, related_name="climate")
    table = models.CharField(max_length=20)
    """Version of the table of indices."""
    content = models.JSONField()
    computed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.station_id} {self.table}"


class ClimateExposure(Record):
    """What a county has to lose from the climate, and how it can bear it, in a year (暴露度与脆弱性)."""

    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    population_density = models.FloatField(_("人口密度（人/平方千米）"), validators=NOT_NEGATIVE)
    gdp_density = models.FloatField(
        _("经济密度（万元/平方千米）"), null=True, blank=True, validators=NOT_NEGATIVE
    )
    cropland_percent = models.FloatField(_("耕地面积占比（%）"), null=True, blank=True, validators=SHARE)
    elderly_percent = models.FloatField(_("60 岁以上人口占比（%）"), null=True, blank=True, validators=SHARE)
    unprotected_percent = models.FloatField(
        _("防洪不达标岸段占比（%）"), null=True, blank=True, validators=SHARE
    )
    rainfed_percent = models.FloatField(_("无灌溉耕地占比（%）"), null=True, blank=True, validators=SHARE)
    source = models.CharField(_("数据来源"), max_length=200)

    def clean(self) -> None:
        """Ask for the county."""
        if self.region is None:
            raise ValidationError({"region": _("请填写行政区。")})


def _language() -> str:
    return "name_zh" if (get_language() or "zh").startswith("zh") else "name_en"
