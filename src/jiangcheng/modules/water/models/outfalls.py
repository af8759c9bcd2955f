"""Outfalls into rivers and lakes (入河排污口)."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.records.models import Record
from jiangcheng.modules.water import rules
from jiangcheng.modules.water.models import fields


class Outfall(Record):
    """An outfall with its four stages 查、测、溯、治; its number is the code on its plate (HJ 1235)."""

    class Kind(models.TextChoices):
        INDUSTRY = "industry", _("工业排污口")
        TOWN = "town", _("城镇污水处理厂排污口")
        FARM = "farm", _("农业排口")
        OTHER = "other", _("其他排口")

    class Form(models.TextChoices):
        PIPE = "pipe", _("管道")
        DITCH = "ditch", _("明渠")
        CULVERT = "culvert", _("涵闸")
        GULLY = "gully", _("沟渠")
        OTHER = "other", _("其他")

    class Flow(models.TextChoices):
        CONTINUOUS = "continuous", _("连续")
        INTERMITTENT = "intermittent", _("间断")

    class Trace(models.TextChoices):
        RECORDS = "records", _("资料溯源")
        SURVEY = "survey", _("人工排查")
        INSTRUMENT = "instrument", _("管网探测")
        CHEMICAL = "chemical", _("水质指纹与示踪")

    class Treatment(models.TextChoices):
        CLOSE = "close", _("依法取缔")
        MERGE = "merge", _("清理合并")
        REGULATE = "regulate", _("规范整治")

    name_zh = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("类型"), max_length=10, choices=Kind)
    sub_kind = fields.text(_("二级类型"), 40)
    water_body = models.CharField(_("受纳水体"), max_length=60)
    section_code = fields.text(_("受纳断面"), 40)
    target_class = fields.water_class(_("目标类别"))
    form = models.CharField(_("形态"), max_length=10, choices=Form, default=Form.PIPE)
    flow_mode = models.CharField(_("排放方式"), max_length=14, choices=Flow, default=Flow.CONTINUOUS)
    design_tons = fields.number(_("设计规模（吨/日）"))
    owner = fields.text(_("责任主体"))
    permit_number = fields.text(_("设置审批（登记）号"), 60)
    surveyed_date = models.DateField(_("排查日期"), null=True, blank=True)
    trace_method = models.CharField(_("溯源方法"), max_length=12, choices=Trace, blank=True)
    trace_result = models.TextField(_("溯源结果"), blank=True)
    traced_date = models.DateField(_("溯源日期"), null=True, blank=True)
    treatment = models.CharField(_("整治类型"), max_length=10, choices=Treatment, blank=True)
    treatment_plan = models.TextField(_("整治方案"), blank=True)
    deadline_date = models.DateField(_("整治期限"), null=True, blank=True)
    has_sign = models.BooleanField(_("已立标识牌"), default=False)
    is_online = models.BooleanField(_("已联网监测"), default=False)
    station_code = fields.text(_("在线监测点代码"), 40)
    """Code of the station that carries the online values of the outfall."""

    def clean(self) -> None:
        """Refuse a code of another form than HJ 1235's, where the installation insists on the form."""
        if rules.settings("outfall_code")["refuse"] and (wrong := rules.outfall_code(self.number)):
            raise ValidationError({"number": fields.code_fault(wrong)})
