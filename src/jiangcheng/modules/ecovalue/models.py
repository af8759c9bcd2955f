"""Inputs and versions of the accounts, products and rights, uses, compensation and titles."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.access.models import AppendOnly
from jiangcheng.core.records.models import Record
from jiangcheng.modules.ecovalue import rules

YEAR = (MinValueValidator(1990), MaxValueValidator(2100))
NOT_NEGATIVE = (MinValueValidator(0),)


def service_kinds() -> list[tuple[str, str]]:
    """Return the services of nature that are accounted for, in the reader's language."""
    name = "name_zh" if (get_language() or "zh").startswith("zh") else "name_en"
    return [(item["code"], item[name]) for item in rules.TABLES.versions("gep")[-1]["services"]]


class GepInput(Record):
    """One number of one service in a year: area, coefficient, price (核算参数)."""

    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    service = models.CharField(_("服务"), max_length=30, choices=service_kinds)
    label = models.CharField(_("生态系统、产品或污染物"), max_length=60)
    symbol = models.CharField(_("符号"), max_length=20)
    value = models.FloatField(_("数值"))
    origin = models.CharField(_("来源"), max_length=200)

    def clean(self) -> None:
        """Refuse a symbol that the formula of the service does not have."""
        known = {item["code"]: item for item in rules.TABLES.versions("gep")[-1]["services"]}
        if self.service in known and self.symbol not in known[self.service]["symbols"]:
            meanings = known[self.service]["symbols" if _chinese() else "symbols_en"]
            symbols = "、".join(f"{key}（{text}）" for key, text in meanings.items())
            raise ValidationError({"symbol": _("该服务的公式没有这个符号，可用：%s。") % symbols})


class FrozenAccount(AppendOnly):
    """A version of a year's account as it was computed."""

    year = models.PositiveIntegerField()
    prices_of = models.PositiveIntegerField()
    version = models.PositiveIntegerField()
    inputs = models.JSONField()
    table_date = models.DateField()
    content = models.TextField()
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["year", "version"]
        constraints = [models.UniqueConstraint(fields=["year", "version"], name="gep_version_once")]

    def __str__(self) -> str:
        return f"{self.year}-v{self.version}"


class EcoProduct(Record):
    """A product of nature that is followed from survey to trade (生态产品)."""

    name_zh = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("类别"), max_length=30, choices=service_kinds)
    area = models.FloatField(_("面积（公顷）"), null=True, blank=True, validators=NOT_NEGATIVE)
    quantity = models.CharField(_("数量与质量"), max_length=120, blank=True)
    holder = models.CharField(_("权利人"), max_length=120, blank=True)
    value = models.FloatField(_("评估价值（万元）"), null=True, blank=True, validators=NOT_NEGATIVE)
    basis = models.CharField(_("评估依据"), max_length=120, blank=True)
    traded = models.FloatField(_("交易额（万元）"), null=True, blank=True, validators=NOT_NEGATIVE)


class NatureRight(Record):
    """A natural space or resource whose ownership is registered (自然资源确权登记)."""

    name_zh = models.CharField(_("登记单元"), max_length=120)
    kind = models.CharField(_("类型"), max_length=60)
    owner = models.CharField(_("所有权主体"), max_length=120)
    area = models.FloatField(_("面积（公顷）"), validators=NOT_NEGATIVE)
    registered_date = models.DateField(_("登记日期"), null=True, blank=True)
    outline = models.JSONField(_("范围（GeoJSON）"), null=True, blank=True)


class GepUse(Record):
    """A decision that cites a version of the account (核算结果应用)."""

    class Kind(models.TextChoices):
        COMPENSATION = "compensation", _("生态保护补偿")
        DAMAGE = "damage", _("生态环境损害赔偿")
        FINANCE = "finance", _("经营开发融资")
        TRADE = "trade", _("生态资源权益交易")
        ASSESSMENT = "assessment", _("领导干部考核")

    kind = models.CharField(_("应用方向"), max_length=20, choices=Kind)
    title = models.CharField(_("事项"), max_length=160)
    version = models.CharField(_("引用的核算版本"), max_length=20)
    amount = models.FloatField(_("金额（万元）"), null=True, blank=True)
    used_date = models.DateField(_("日期"))

    def clean(self) -> None:
        """Refuse a version that was never frozen."""
        year, _mark, version = self.version.partition("-v")
        known = year.isdecimal() and version.isdecimal()
        if not known or not FrozenAccount.objects.filter(year=int(year), version=int(version)).exists():
            raise ValidationError({"version": _("没有这个核算版本；形如 2024-v1，请先冻结核算结果。")})


class Agreement(Record):
    """What two areas agreed on for the water at a section (横向生态补偿协议)."""

    name_zh = models.CharField(_("协议名称"), max_length=120)
    upper = models.CharField(_("上游"), max_length=60)
    lower = models.CharField(_("下游"), max_length=60)
    station = models.CharField(_("断面编码"), max_length=40)
    item = models.CharField(_("指标编码"), max_length=20)
    target = models.FloatField(_("约定浓度（mg/L）"), validators=(MinValueValidator(1e-6),))
    base = models.FloatField(_("月补偿基数（万元）"), validators=NOT_NEGATIVE)
    cap = models.FloatField(_("月上限（万元）"), validators=NOT_NEGATIVE)
    reward_below = models.FloatField(_("奖励线（mg/L）"), null=True, blank=True, validators=NOT_NEGATIVE)
    reward = models.FloatField(_("月奖励（万元）"), default=0, validators=NOT_NEGATIVE)
    valid_from_date = models.DateField(_("生效日期"))
    valid_to_date = models.DateField(_("失效日期"), null=True, blank=True)

    def clean(self) -> None:
        """Refuse a reward that would be due while the target is missed."""
        if self.reward_below is not None and self.target and self.reward_below >= self.target:
            raise ValidationError({"reward_below": _("奖励线必须低于约定浓度。")})


class CompensationFund(Record):
    """Money for keeping nature, from above or from neighbours (生态补偿资金)."""

    class Kind(models.TextChoices):
        FOREST = "forest", _("森林")
        WETLAND = "wetland", _("湿地")
        WATER = "water", _("水流")
        ZONE = "zone", _("重点生态功能区")
        HORIZONTAL = "horizontal", _("横向补偿")

    kind = models.CharField(_("领域"), max_length=12, choices=Kind)
    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    payer = models.CharField(_("拨付单位"), max_length=120)
    payee = models.CharField(_("接收单位"), max_length=120)
    amount = models.FloatField(_("金额（万元）"), validators=NOT_NEGATIVE)
    document = models.CharField(_("文号"), max_length=80, blank=True)


class NatureTitle(Record):
    """A place that holds a title: demonstration area, “two mountains” base, ecological park (名册)."""

    class Kind(models.TextChoices):
        DEMONSTRATION = "demonstration", _("生态文明建设示范区")
        MOUNTAINS = "mountains", _("“绿水青山就是金山银山”实践创新基地")
        PARK = "park", _("生态工业园区")

    name_zh = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("称号"), max_length=20, choices=Kind)
    level = models.CharField(_("级别"), max_length=20)
    titled_date = models.DateField(_("命名日期"))
    reviewed_date = models.DateField(_("最近复核"), null=True, blank=True)
    met = models.PositiveIntegerField(_("达标指标数"), null=True, blank=True)
    indicators = models.PositiveIntegerField(_("指标总数"), null=True, blank=True)


def _chinese() -> bool:
    return (get_language() or "zh").startswith("zh")
