"""Warehouses and stock, teams and experts, partners, receptors, settlements, and points along rivers."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.access.models import AppendOnly
from jiangcheng.core.records.models import Record
from jiangcheng.modules.safety.models import fields
from jiangcheng.modules.safety.models.response import EmergencyEvent
from jiangcheng.modules.safety.rules import tables


class Warehouse(Record):
    """A warehouse of emergency supplies (应急物资库)."""

    name_zh = models.CharField(_("名称"), max_length=120)
    keeper = fields.text(_("保管人"), 60)
    mobile = fields.text(_("保管人手机"), 30)
    duty_phone = fields.text(_("值班电话"), 40)
    address = fields.text(_("地址"), 200)


class StockItem(Record):
    """A lot of one item in a warehouse. What lies there follows from its movements alone (物资批次)."""

    warehouse_number = models.CharField(_("物资库编号"), max_length=40, db_index=True)
    item = models.CharField(_("物资"), max_length=20, choices=fields.items)
    spec = fields.text(_("规格"), 80)
    unit = models.CharField(_("单位"), max_length=10)
    quantity = models.FloatField(_("现有数量"), default=0, validators=fields.POSITIVE)
    minimum = models.FloatField(_("最低储备"), default=0, validators=fields.POSITIVE)
    expires_date = models.DateField(_("有效期至"), null=True, blank=True)

    class Meta(Record.Meta):
        constraints = [
            models.CheckConstraint(condition=models.Q(quantity__gte=0), name="safety_stock_not_negative")
        ]

    def clean(self) -> None:
        if self.expires_date is not None:
            on = timezone.localdate(self.created_at)
            ahead = tables.in_force("frequencies", on)["expiry_warn_days"]
            self.due_at = fields.end_of(self.expires_date - dt.timedelta(days=ahead))


class StockMove(AppendOnly):
    """Something went into a lot or out of it; moves of a drill never touch the lot."""

    class Kind(models.TextChoices):
        IN = "in", _("入库")
        ISSUE = "issue", _("出库")
        RETURN = "return", _("归还")
        LOSS = "loss", _("损耗报废")

    stock = models.ForeignKey(StockItem, on_delete=models.PROTECT, related_name="moves")
    kind = models.CharField(max_length=8, choices=Kind)
    quantity = models.FloatField()
    """Above 0, in the unit of the lot."""
    event = models.ForeignKey(EmergencyEvent, null=True, on_delete=models.PROTECT, related_name="moves")
    drill = models.BooleanField(default=False)
    text = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.stock} {self.kind} {self.quantity:g}"


class RescueTeam(Record):
    """A rescue team (救援队伍)."""

    name_zh = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("专长"), max_length=10, choices=fields.EventKind)
    people = fields.count(_("人数"))
    equipment = models.TextField(_("装备"), blank=True)
    ready_minutes = models.PositiveIntegerField(_("集结时间（分钟）"), default=30)
    duty_phone = fields.text(_("值班电话"), 40)


class Expert(Record):
    """An expert who can be asked (应急专家)."""

    name = models.CharField(_("姓名"), max_length=60)
    specialty = models.CharField(_("专业领域"), max_length=120)
    unit = fields.text(_("单位"), 120)
    mobile = fields.text(_("手机"), 30)


class Partner(Record):
    """A neighbouring city or county of joint control, with the agreement (上下游联防单位)."""

    class Side(models.TextChoices):
        UP = "up", _("上游")
        DOWN = "down", _("下游")
        BESIDE = "beside", _("相邻")

    name_zh = models.CharField(_("单位"), max_length=120)
    side = models.CharField(_("方位"), max_length=8, choices=Side)
    river = fields.text(_("河流"), 60)
    agreement = fields.text(_("联防联控协议"), 120)
    signed_date = models.DateField(_("签订日期"), null=True, blank=True)
    expires_date = models.DateField(_("有效期至"), null=True, blank=True)
    duty_phone = fields.text(_("值班电话"), 40)

    def clean(self) -> None:
        if self.expires_date is not None:
            self.due_at = fields.end_of(self.expires_date)


class Receptor(Record):
    """People who have to be warned: a school, a hospital, a village (敏感目标)."""

    class Kind(models.TextChoices):
        SCHOOL = "school", _("学校")
        HOSPITAL = "hospital", _("医院")
        VILLAGE = "village", _("村屯")
        COMMUNITY = "community", _("社区")
        OTHER = "other", _("其他")

    name_zh = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("类别"), max_length=10, choices=Kind)
    people = fields.count(_("人数"))
    duty_phone = fields.text(_("联系电话"), 40)


class PopulationPoint(Record):
    """Where people live: a village, a community, a township or a cell of a census grid (人口点)."""

    class Kind(models.TextChoices):
        VILLAGE = "village", _("村屯")
        COMMUNITY = "community", _("社区")
        TOWNSHIP = "township", _("乡镇、街道")
        CELL = "cell", _("人口网格")

    code = models.CharField(_("人口点编码"), max_length=40)
    name_zh = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("类别"), max_length=10, choices=Kind)
    people = models.PositiveIntegerField(_("常住人口（人）"))
    radius = models.FloatField(
        _("范围半径（m）"), validators=(MinValueValidator(10), MaxValueValidator(20_000))
    )
    within = fields.text(_("所属人口点编码"), 40)
    """Whose number of people includes this one's."""
    counted_date = models.DateField(_("统计日期"))
    source = fields.text(_("数据来源"), 120)

    def clean(self) -> None:
        if self.longitude is None or self.latitude is None:
            raise ValidationError(_("请填写经度和纬度。"))
        if self.within and self.within == self.code:
            raise ValidationError({"within": [_("人口点不能属于自己。")]})


class RiverReach(Record):
    """A stretch of a river with its shape and flow, for forecasts along a chain of them (应急推演河段)."""

    river = models.CharField(_("河流"), max_length=60)
    name_zh = models.CharField(_("河段"), max_length=120)
    from_kilometre = models.FloatField(_("起点里程（km）"), validators=fields.POSITIVE)
    to_kilometre = models.FloatField(_("终点里程（km）"), validators=fields.POSITIVE)
    width = models.FloatField(_("河宽（m）"), validators=(MinValueValidator(1), MaxValueValidator(3000)))
    depth = fields.number(_("平均水深（m，可不填）"), 60)
    slope = models.FloatField(_("比降"), validators=(MinValueValidator(1e-7), MaxValueValidator(0.1)))
    flow = models.FloatField(_("流量（m³/s，含支流汇入后）"), validators=(MinValueValidator(0.001),))
    measured_date = models.DateField(_("实测日期"), null=True, blank=True)

    def clean(self) -> None:
        if self.to_kilometre is not None and self.from_kilometre is not None:
            if self.to_kilometre <= self.from_kilometre:
                raise ValidationError({"to_kilometre": [_("终点里程应大于起点里程。")]})
            if self._overlaps():
                raise ValidationError({"from_kilometre": [_("与同一河流的另一河段重叠。")]})

    def _overlaps(self) -> bool:
        others = RiverReach.objects.filter(river=self.river, withdrawn_at=None).exclude(pk=self.pk)
        return others.filter(
            from_kilometre__lt=self.to_kilometre, to_kilometre__gt=self.from_kilometre
        ).exists()


class RiverPoint(Record):
    """A section, an intake or a border along a river, by its kilometre from the head of the city (沿江点位)."""

    class Kind(models.TextChoices):
        SECTION = "section", _("断面")
        INTAKE = "intake", _("取水口")
        BORDER = "border", _("出境")

    river = models.CharField(_("河流"), max_length=60)
    name_zh = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("类别"), max_length=10, choices=Kind)
    kilometre = models.FloatField(_("里程（km）"), validators=fields.POSITIVE)
    partner_number = fields.text(_("下游联防单位编号"), 40)
