"""What is kept about rivers and lakes as places: zones, disorder, black water, beauty, algae."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.modules.water.models import fields


class FunctionalZone(Record):
    """A water functional zone (水功能区) with the class it must reach."""

    class Use(models.TextChoices):
        PROTECTED = "protected", _("保护区")
        RESERVE = "reserve", _("保留区")
        DRINKING = "drinking", _("饮用水源区")
        INDUSTRY = "industry", _("工业用水区")
        FARMING = "farming", _("农业用水区")
        FISHING = "fishing", _("渔业用水区")
        LEISURE = "leisure", _("景观娱乐用水区")
        TRANSITION = "transition", _("过渡区")
        DISCHARGE = "discharge", _("排污控制区")

    name_zh = models.CharField(_("名称"), max_length=120)
    use = models.CharField(_("功能"), max_length=10, choices=Use)
    water_body = models.CharField(_("水体"), max_length=60)
    reach_from = fields.text(_("起始断面"), 60)
    reach_to = fields.text(_("终止断面"), 60)
    length_km = fields.number(_("长度（km）"))
    target_class = fields.water_class(_("目标类别"))
    section_code = fields.text(_("代表断面"), 40)
    valid_from_date = models.DateField(_("生效日期"))
    valid_to_date = models.DateField(_("失效日期"), null=True, blank=True)


class FourChaos(Record):
    """A case of disorder at a river or lake (清四乱)."""

    class Kind(models.TextChoices):
        OCCUPY = "occupy", _("乱占")
        DIG = "dig", _("乱采")
        PILE = "pile", _("乱堆")
        BUILD = "build", _("乱建")

    kind = models.CharField(_("问题类型"), max_length=10, choices=Kind)
    water_body = models.CharField(_("河湖"), max_length=60)
    reach = fields.text(_("河段"))
    chief = fields.text(_("河湖长"), 60)
    description = models.TextField(_("问题描述"))
    found_date = models.DateField(_("发现日期"))
    area_m2 = fields.number(_("面积（m²）"))


class BlackWater(Record):
    """A black and odorous water body (黑臭水体)."""

    class Place(models.TextChoices):
        CITY = "city", _("城市建成区")
        COUNTY = "county", _("县城")
        RURAL = "rural", _("农村")

    class Degree(models.TextChoices):
        LIGHT = "light", _("轻度黑臭")
        HEAVY = "heavy", _("重度黑臭")

    name_zh = models.CharField(_("名称"), max_length=120)
    place = models.CharField(_("所在区域"), max_length=10, choices=Place)
    degree = models.CharField(_("黑臭级别"), max_length=10, choices=Degree)
    length_m = fields.number(_("长度（m）"))
    area_m2 = fields.number(_("面积（m²）"))
    depth_cm = fields.number(_("水深（cm）"))
    cause = models.TextField(_("成因"), blank=True)
    measures = models.TextField(_("治理措施"), blank=True)
    owner = fields.text(_("责任单位"))
    relapses = models.PositiveSmallIntegerField(_("返黑返臭次数"), default=0)


class BeautifulWater(Record):
    """A river or lake on the list of beautiful ones to be (美丽河湖)."""

    class Kind(models.TextChoices):
        RIVER = "river", _("河流")
        LAKE = "lake", _("湖库")

    name_zh = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("类型"), max_length=10, choices=Kind)
    list_version = models.CharField(_("名录版本"), max_length=40)
    target_year = models.PositiveSmallIntegerField(_("目标年份"))
    recognised_date = models.DateField(_("认定日期"), null=True, blank=True)
    document = fields.text(_("认定文号"), 80)


class AlgaeEvent(Record):
    """An observation of algae in a lake and what followed (蓝藻水华)."""

    class Means(models.TextChoices):
        SAMPLE = "sample", _("人工监测")
        STATION = "station", _("自动监测")
        SATELLITE = "satellite", _("卫星遥感")
        PATROL = "patrol", _("巡查")

    name_zh = models.CharField(_("湖库"), max_length=120)
    station_code = fields.text(_("监测点"), 40)
    observed_at = models.DateTimeField(_("观测时间"))
    means = models.CharField(_("观测方式"), max_length=10, choices=Means)
    density = fields.number(_("藻密度（百万个/L）"))
    area_percent = models.FloatField(
        _("水华面积比例（%）"),
        null=True,
        blank=True,
        validators=(MinValueValidator(0), MaxValueValidator(100)),
    )
    chla = fields.number(_("叶绿素a（mg/m³）"))
    description = models.TextField(_("情况"), blank=True)
