"""The registers of planned burning and of the straw."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.modules.straw.models.choices import NOT_NEGATIVE, SHARE, check_outline, check_ratio, crops
from jiangcheng.modules.straw.rules import tables


class Plot(Record):
    """A plot and how far its straw has got (地块台账)."""

    class Stage(models.TextChoices):
        STANDING = "standing", _("未收")
        HARVESTED = "harvested", _("已收未离田")
        REMOVED = "removed", _("已打包离田")
        RETURNED = "returned", _("已还田")
        RESIDUE = "residue", _("残茬")
        DONE = "done", _("已处置")

    village = models.CharField(_("村屯"), max_length=80)
    owner = models.CharField(_("农户"), max_length=80, blank=True)
    crop = models.CharField(_("作物"), max_length=20, choices=crops)
    area_mu = models.FloatField(_("面积（亩）"), validators=NOT_NEGATIVE)
    stage = models.CharField(_("秸秆状态"), max_length=10, choices=Stage, default=Stage.STANDING)
    sensitive = models.BooleanField(_("在一公里敏感区内"), default=False)
    outline = models.JSONField(_("范围（GeoJSON）"), null=True, blank=True, validators=(check_outline,))


class ResiduePlan(Record):
    """A village's plan to burn residue: plots, window, crew; its approval, execution and evaluation."""

    class Level(models.TextChoices):
        TOWNSHIP = "township", _("乡镇")
        COUNTY = "county", _("县区")
        CITY = "city", _("市")

    village = models.CharField(_("村屯"), max_length=80)
    crop = models.CharField(_("作物"), max_length=20, choices=crops)
    area_mu = models.FloatField(_("面积（亩）"), validators=(MinValueValidator(0.1),))
    off_field = models.BooleanField(_("秸秆已离田"), default=False)
    outline = models.JSONField(_("范围（GeoJSON）"), null=True, blank=True, validators=(check_outline,))
    starts_at = models.DateTimeField(_("开始时间"))
    ends_at = models.DateTimeField(_("结束时间"))
    crew = models.PositiveIntegerField(_("人员数"), default=0)
    equipment = models.CharField(_("机具与水源"), max_length=200, blank=True)
    commander = models.CharField(_("现场指挥与电话"), max_length=120, blank=True)
    actual_mu = models.FloatField(_("实际面积（亩）"), null=True, blank=True, validators=NOT_NEGATIVE)
    level = models.CharField(_("审批层级"), max_length=10, choices=Level, blank=True)
    approved_at = models.DateTimeField(_("批准时间"), null=True, blank=True)
    """A fire before this moment was not planned, whatever is approved later."""
    out_at = models.DateTimeField(_("灭火时间"), null=True, blank=True)
    evaluation = models.JSONField(_("评估"), default=dict, blank=True)

    def clean(self) -> None:
        """Refuse an end before the beginning, and a plan without a place."""
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": _("结束须晚于开始")})
        if self.outline is None and (self.longitude is None or self.latitude is None):
            raise ValidationError({"outline": _("请填写范围，或经度和纬度。")})


class BurnWeather(Record):
    """Measured or forecast conditions of an hour in a county (烧除气象条件)."""

    hour_at = models.DateTimeField(_("时次（整点开始）"))
    wind = models.FloatField(_("风速（m/s）"), null=True, blank=True, validators=NOT_NEGATIVE)
    direction = models.FloatField(
        _("风向（°，来向）"), null=True, blank=True, validators=(MinValueValidator(0), MaxValueValidator(360))
    )
    mixing = models.FloatField(_("混合层高度（m）"), null=True, blank=True, validators=NOT_NEGATIVE)
    rain = models.FloatField(_("近 24 小时降水（mm）"), null=True, blank=True, validators=NOT_NEGATIVE)
    fire_danger = models.PositiveSmallIntegerField(
        _("森林火险等级（1–5）"),
        null=True,
        blank=True,
        validators=(MinValueValidator(1), MaxValueValidator(5)),
    )
    aqi = models.PositiveIntegerField(_("AQI 预报"), null=True, blank=True)
    pm25 = models.FloatField(_("PM2.5（μg/m³）"), null=True, blank=True, validators=NOT_NEGATIVE)
    warning = models.PositiveSmallIntegerField(
        _("重污染预警（0 无 1 黄 2 橙 3 红）"), default=0, validators=(MaxValueValidator(3),)
    )
    cloud = models.FloatField(_("云量（0–1）"), null=True, blank=True, validators=SHARE)
    origin = models.CharField(_("来源"), max_length=120, blank=True)


class StrawHarvest(Record):
    """What a crop yielded in an area in a year and what became of its straw (秸秆资源台账). Tonnes."""

    year = models.PositiveIntegerField(_("年度"))
    crop = models.CharField(_("作物"), max_length=20, choices=crops)
    grain = models.FloatField(_("粮食产量（吨）"), validators=NOT_NEGATIVE)
    sown = models.FloatField(_("播种面积（亩）"), validators=NOT_NEGATIVE)
    returned = models.FloatField(_("还田面积（亩）"), default=0, validators=NOT_NEGATIVE)
    fertiliser = models.FloatField(_("肥料化（吨）"), default=0, validators=NOT_NEGATIVE)
    feed = models.FloatField(_("饲料化（吨）"), default=0, validators=NOT_NEGATIVE)
    fuel = models.FloatField(_("燃料化（吨）"), default=0, validators=NOT_NEGATIVE)
    substrate = models.FloatField(_("基料化（吨）"), default=0, validators=NOT_NEGATIVE)
    material = models.FloatField(_("原料化（吨）"), default=0, validators=NOT_NEGATIVE)
    scattered = models.FloatField(_("农户分散利用（吨）"), default=0, validators=NOT_NEGATIVE)
    sent_out = models.FloatField(_("调出（吨）"), default=0, validators=NOT_NEGATIVE)
    brought_in = models.FloatField(_("调入（吨）"), default=0, validators=NOT_NEGATIVE)
    ratio = models.FloatField(_("草谷比"), null=True, blank=True, validators=NOT_NEGATIVE)
    collectable = models.FloatField(_("可收集系数"), null=True, blank=True, validators=SHARE)
    origin = models.CharField(_("数据来源"), max_length=120, blank=True)

    def clean(self) -> None:
        """Refuse what contradicts the ledger: more returned than sown."""
        if self.returned is not None and self.sown is not None and self.returned > self.sown:
            raise ValidationError({"returned": _("还田面积不能大于播种面积")})
        check_ratio(self.crop, self.ratio)
        if None in (self.sent_out, self.grain):
            return
        row = next(row for row in tables.table("balance")[-1]["crops"] if row["code"] == self.crop)
        most = self.grain * (self.ratio or row["ratio"]) * (self.collectable or row["collectable"])
        if self.sent_out > most * (1 + 1e-9):
            raise ValidationError({"sent_out": _("调出量不能大于可收集量")})


class StrawCoefficient(Record):
    """An area's own ratio of straw to grain and collectable share, by year; the nearest filled-in one counts."""

    area = models.CharField(_("行政区代码（全国为 100000）"), max_length=12)
    year = models.PositiveIntegerField(_("年度"))
    crop = models.CharField(_("作物"), max_length=20, choices=crops)
    ratio = models.FloatField(_("草谷比"), null=True, blank=True, validators=NOT_NEGATIVE)
    collectable = models.FloatField(_("可收集系数"), null=True, blank=True, validators=SHARE)
    origin = models.CharField(_("数据来源"), max_length=120)

    def clean(self) -> None:
        """Refuse a code that is none and a ratio beyond the crop's cap."""
        if not self.area.isdecimal() or len(self.area) < 2:
            raise ValidationError({"area": _("请填写行政区代码，全国为 100000。")})
        check_ratio(self.crop, self.ratio)


class StrawProgress(Record):
    """What a village has done up to the evening of a day, since the beginning of the season [mu]."""

    village = models.CharField(_("村屯"), max_length=80)
    crop = models.CharField(_("作物"), max_length=20, choices=crops)
    day = models.DateField(_("日期"))
    area_mu = models.FloatField(_("应处置面积（亩）"), validators=NOT_NEGATIVE)
    harvested = models.FloatField(_("已收获（亩）"), default=0, validators=NOT_NEGATIVE)
    baled = models.FloatField(_("打包离田（亩）"), default=0, validators=NOT_NEGATIVE)
    shredded = models.FloatField(_("粉碎覆盖还田（亩）"), default=0, validators=NOT_NEGATIVE)
    ploughed = models.FloatField(_("翻埋还田（亩）"), default=0, validators=NOT_NEGATIVE)
    burned = models.FloatField(_("计划烧除（亩）"), default=0, validators=NOT_NEGATIVE)
    tonnes = models.FloatField(_("离田重量（吨）"), null=True, blank=True, validators=NOT_NEGATIVE)

    def clean(self) -> None:
        """Refuse a report of more than there is."""
        done = sum(getattr(self, name) or 0 for name in ("baled", "shredded", "ploughed", "burned"))
        if (self.harvested or 0) > (self.area_mu or 0) * (1 + 1e-9):
            raise ValidationError({"harvested": _("已收获面积大于应处置面积")})
        if done > (self.harvested or 0) * (1 + 1e-9):
            raise ValidationError({"baled": _("离田、还田与烧除之和大于已收获面积")})


class BaleTicket(Record):
    """A load of bales over the weighbridge (离田磅单)."""

    village = models.CharField(_("村屯"), max_length=80)
    crop = models.CharField(_("作物"), max_length=20, choices=crops)
    weighed_at = models.DateTimeField(_("过磅时间"))
    gross = models.FloatField(_("毛重（吨）"), validators=NOT_NEGATIVE)
    tare = models.FloatField(_("皮重（吨）"), validators=NOT_NEGATIVE)
    vehicle = models.CharField(_("车牌"), max_length=20, blank=True)
    buyer = models.CharField(_("收储单位"), max_length=120, blank=True)

    def clean(self) -> None:
        """Refuse a load lighter than nothing."""
        if self.gross is not None and self.tare is not None and self.gross <= self.tare:
            raise ValidationError({"gross": _("毛重须大于皮重")})


class DutyContract(Record):
    """A signed duty at one of five levels (五级包保责任书)."""

    class Level(models.TextChoices):
        CITY = "city", _("市")
        COUNTY = "county", _("县区")
        TOWNSHIP = "township", _("乡镇")
        VILLAGE = "village", _("村")
        HOUSEHOLD = "household", _("户")

    level = models.CharField(_("层级"), max_length=10, choices=Level)
    holder = models.CharField(_("责任人"), max_length=80)
    phone = models.CharField(_("电话"), max_length=40, blank=True)
    village = models.CharField(_("村屯"), max_length=80, blank=True)
    household = models.CharField(_("农户"), max_length=80, blank=True)
    upper = models.CharField(_("上级责任书编号"), max_length=40, blank=True)
    area_mu = models.FloatField(_("面积（亩）"), default=0, validators=NOT_NEGATIVE)
    starts_on = models.DateField(_("生效日期"))
    ends_on = models.DateField(_("终止日期"), null=True, blank=True)

    def clean(self) -> None:
        """Refuse a contract without the place its level is about."""
        if self.region is None:
            raise ValidationError({"region": _("请填写行政区")})
        if self.level in ("village", "household") and not self.village:
            raise ValidationError({"village": _("请填写村屯")})
        if self.level == "household" and not self.household:
            raise ValidationError({"household": _("请填写农户")})
        if self.ends_on and self.ends_on <= self.starts_on:
            raise ValidationError({"ends_on": _("终止日期须晚于生效日期")})
