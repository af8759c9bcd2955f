"""Exceptional events, forecasts with their scores, heavy-pollution warnings and what enterprises do under them."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.access.models import AppendOnly
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry.models import Station


class WarningLevel(models.TextChoices):
    """Levels of a heavy-pollution warning, weakest first."""

    YELLOW = "yellow", _("黄色")
    ORANGE = "orange", _("橙色")
    RED = "red", _("红色")


class ExceptionalEvent(Record):
    """Hours that do not take part in assessments once another person has approved it (例外事件)."""

    class Kind(models.TextChoices):
        DUST = "dust", _("沙尘")
        OTHER = "other", _("其他例外事件")

    kind = models.CharField(_("类型"), max_length=10, choices=Kind, default=Kind.DUST)
    starts_at = models.DateTimeField(_("开始"))
    ends_at = models.DateTimeField(_("结束"))
    """Exclusive."""
    basis = models.TextField(_("判定依据"))


class ForecastRun(AppendOnly):
    """One issue of the forecast of an area, with what it was made from."""

    area = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    issued_at = models.DateTimeField()
    through_date = models.DateField()
    """Last day whose observations it knew."""
    model = models.CharField(max_length=40)
    model_version = models.CharField(max_length=20)
    edition = models.CharField(max_length=20)
    """Of HJ 633, by which its AQI is computed."""
    inputs = models.JSONField()
    """Days used, hash of their values, parameters, and the snapshot of the store."""

    class Meta:
        ordering = ["-issued_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "through_date", "model", "model_version"], name="air_forecast_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.area_id} {self.issued_at:%Y-%m-%d %H:%M} {self.model}-{self.model_version}"


class ForecastDay(AppendOnly):
    """A day of a forecast: AQI with its interval, and the concentrations it comes from."""

    run = models.ForeignKey(ForecastRun, on_delete=models.PROTECT, related_name="days")
    day_date = models.DateField()
    lead = models.PositiveSmallIntegerField()
    """1 is the first day after `ForecastRun.through_date` that is not the day of issue."""
    aqi = models.PositiveSmallIntegerField()
    aqi_low = models.PositiveSmallIntegerField()
    aqi_high = models.PositiveSmallIntegerField()
    primary = models.PositiveSmallIntegerField()
    """Bit set, as `aqi_primary`."""
    level = models.PositiveSmallIntegerField()
    quantiles = models.JSONField()
    """AQI at the quantiles that `ForecastRun.inputs` names."""
    concentrations = models.JSONField()
    weather = models.CharField(max_length=10, blank=True)
    """``forecast`` or ``observed`` by the weather that entered, empty without any."""
    hours = models.JSONField(default=dict)
    """The 24 hours from midnight in Beijing: ``aqi`` (-1 unknown), ``primary``, and each pollutant; or empty."""

    class Meta:
        ordering = ["day_date"]
        constraints = [models.UniqueConstraint(fields=["run", "day_date"], name="air_forecast_day_once")]

    def __str__(self) -> str:
        return f"{self.run_id} {self.day_date} {self.aqi}"


class WeatherForecast(Record):
    """What the weather service forecast for a day, issued on a day before or the same morning (气象预报)."""

    issued_date = models.DateField(_("发布日期"))
    day_date = models.DateField(_("预报日期"))
    temperature = models.FloatField(_("日均气温（℃）"), null=True, blank=True)
    humidity = models.FloatField(
        _("日均相对湿度（%）"),
        null=True,
        blank=True,
        validators=(MinValueValidator(0), MaxValueValidator(100)),
    )
    pressure = models.FloatField(_("日均气压（kPa）"), null=True, blank=True)
    wind_speed = models.FloatField(
        _("日均风速（m/s）"), null=True, blank=True, validators=(MinValueValidator(0),)
    )
    mixing_height = models.FloatField(
        _("日均混合层高度（m）"), null=True, blank=True, validators=(MinValueValidator(0),)
    )
    source = models.CharField(_("来源"), max_length=120, blank=True)

    class Meta(Record.Meta):
        indexes = [models.Index(fields=["day_date", "issued_date"], name="air_weather_forecast")]

    def clean(self) -> None:
        """Refuse a forecast of a day that was over when it was issued."""
        if self.day_date and self.issued_date and self.day_date < self.issued_date:
            raise ValidationError({"day_date": gettext("预报日期不能早于发布日期。")})


class HeavyWarning(Record):
    """A heavy-pollution warning (重污染天气预警), from the proposal to its end."""

    level = models.CharField(_("预警级别"), max_length=10, choices=WarningLevel)
    run = models.ForeignKey(
        ForecastRun, on_delete=models.PROTECT, related_name="warnings", verbose_name=_("预报批次")
    )
    """The run that caused it."""
    starts_date = models.DateField(_("起"))
    ends_date = models.DateField(_("止"))
    """Last day above the threshold, inclusive."""
    threshold = models.JSONField(_("判据"))
    """The row of the table of thresholds, and the days that fulfil it."""
    issued_at = models.DateTimeField(_("发布时间"), null=True, blank=True)
    lifted_at = models.DateTimeField(_("解除时间"), null=True, blank=True)


class ReductionMeasure(Record):
    """A row of the list of measures (应急减排清单): what an enterprise does at a level."""

    level = models.CharField(_("预警级别"), max_length=10, choices=WarningLevel)
    text = models.TextField(_("减排措施"))
    reduction_percent = models.FloatField(_("减排比例 %"))
    check_station = models.CharField(_("核查站点"), max_length=40, blank=True)
    """Code of the outlet or meter whose series shows the reduction; empty: a person looks."""
    check_property = models.CharField(_("核查因子"), max_length=20, blank=True)
    check_statistic = models.CharField(_("核查统计量"), max_length=10, default="avg")
    valid_from_date = models.DateField(_("起"))
    valid_to_date = models.DateField(_("止"), null=True, blank=True)


class ReductionTask(Record):
    """The measures an enterprise received under a warning, and what the series show of them."""

    class Verdict(models.TextChoices):
        KEPT = "kept", _("已达到")
        SHORT = "short", _("未达到")
        DOUBTFUL = "doubtful", _("存疑，须现场核查")
        UNKNOWN = "unknown", _("无法核查")

    warning_number = models.CharField(_("预警编号"), max_length=40)
    measure_number = models.CharField(_("措施编号"), max_length=40)
    level = models.CharField(_("预警级别"), max_length=10, choices=WarningLevel)
    text = models.TextField(_("减排措施"))
    reduction_percent = models.FloatField(_("减排比例 %"))
    observed_percent = models.FloatField(_("实测减排 %"), null=True, blank=True)
    verdict = models.CharField(_("核查结果"), max_length=8, choices=Verdict, blank=True)
    checked_at = models.DateTimeField(_("核查时间"), null=True, blank=True)
    evidence = models.JSONField(default=dict)
    """Hours and values of the check."""
