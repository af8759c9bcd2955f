"""Environmental rights and their trades, the tax's quantities, insurance, green finance, prices and funds."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from jiangcheng.core.access.models import AppendOnly
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.market import rules

YEAR = (MinValueValidator(2000), MaxValueValidator(2100))
TAX_YEAR = (MinValueValidator(2018), MaxValueValidator(2100))
"""The law is in force from 2018 on."""
NOT_NEGATIVE = (MinValueValidator(0),)
POSITIVE = (MinValueValidator(Decimal("0.0001")),)


def rights() -> list[tuple[str, str]]:
    """Return the four environmental rights."""
    return [(row["code"], row[_language()]) for row in rules.rights()]


def items() -> list[tuple[str, str]]:
    """Return the items of all rights with their units."""
    return [(item["code"], item[_language()]) for row in rules.rights() for item in row["items"]]


def pollutants() -> list[tuple[str, str]]:
    """Return what the tax knows, in its latest table."""
    return [(code, row[_language()]) for code, row in rules.pollutants(dt.date.max).items()]


class RightAccount(models.Model):
    """What an enterprise holds of a right for a year; written by the services only, never below nought."""

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="+")
    right = models.CharField(max_length=10)
    item = models.CharField(max_length=10)
    year = models.PositiveIntegerField()
    balance = models.DecimalField(max_digits=18, decimal_places=4, default=0)

    class Meta:
        ordering = ["right", "item", "-year", "facility_id"]
        constraints = [
            models.UniqueConstraint(fields=["facility", "right", "item", "year"], name="right_account_once"),
            models.CheckConstraint(condition=models.Q(balance__gte=0), name="right_balance_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.facility} {self.item} {self.year}"


class RightEntry(AppendOnly):
    """One movement of an account."""

    account = models.ForeignKey(RightAccount, on_delete=models.PROTECT, related_name="entries")
    amount = models.DecimalField(max_digits=18, decimal_places=4)
    """Added; taken where negative."""
    balance = models.DecimalField(max_digits=18, decimal_places=4)
    """After the movement."""
    kind = models.CharField(max_length=10)
    """``issue``, ``surrender``, ``buy`` or ``sell``."""
    number = models.CharField(max_length=40)
    """Of the row it comes from."""
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.account} {self.amount}"


class _OfARight(Record):
    right = models.CharField(_("权益"), max_length=10, choices=rights)
    item = models.CharField(_("品种"), max_length=10, choices=items)
    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    amount = models.DecimalField(_("数量"), max_digits=18, decimal_places=4, validators=POSITIVE)

    class Meta(Record.Meta):
        abstract = True

    def clean(self) -> None:
        """Refuse an item of another right, a row without an enterprise, and a change of what is booked."""
        _refuse_booked(self)
        if self.item not in rules.items_of(self.right):
            raise ValidationError({"item": _("这项权益没有这个品种。")})
        if self.facility is None:
            raise ValidationError({"facility": _("请选择企业。")})


class RightQuota(_OfARight):
    """A quota that is issued to an enterprise, or surrendered by it (配额发放与清缴)."""

    class Kind(models.TextChoices):
        ISSUE = "issue", _("发放")
        SURRENDER = "surrender", _("清缴")

    kind = models.CharField(_("类型"), max_length=10, choices=Kind, default=Kind.ISSUE)
    document = models.CharField(_("依据文件"), max_length=120)

    class Meta(Record.Meta):
        abstract = False


class RightTrade(_OfARight):
    """A trade of a right: the row's enterprise sells (权益交易)."""

    buyer = models.ForeignKey(
        Facility, on_delete=models.PROTECT, related_name="+", verbose_name=_("受让企业")
    )
    price = models.DecimalField(
        _("单价（元）"), max_digits=14, decimal_places=4, default=0, validators=NOT_NEGATIVE
    )
    contract = models.CharField(_("合同编号"), max_length=80)

    class Meta(Record.Meta):
        abstract = False

    def clean(self) -> None:
        """Refuse a trade of an enterprise with itself."""
        super().clean()
        if self.facility is not None and self.buyer_id == self.facility.pk:
            raise ValidationError({"buyer": _("出让与受让不能是同一家企业。")})


class TaxQuantity(Record):
    """What an outlet discharged of a pollutant in a quarter (应税污染物排放量)."""

    class Method(models.TextChoices):
        AUTOMATIC = "automatic", _("自动监测")
        MANUAL = "manual", _("监测机构监测")
        BALANCE = "balance", _("排污系数、物料衡算")
        SAMPLE = "sample", _("抽样测算")

    outlet = models.CharField(_("排放口"), max_length=12)
    year = models.PositiveIntegerField(_("年度"), validators=TAX_YEAR)
    quarter = models.PositiveSmallIntegerField(
        _("季度"), validators=(MinValueValidator(1), MaxValueValidator(4))
    )
    pollutant = models.CharField(_("污染物"), max_length=10, choices=pollutants)
    mass = models.DecimalField(
        _("排放量（千克）"), max_digits=18, decimal_places=4, null=True, blank=True, validators=NOT_NEGATIVE
    )
    method = models.CharField(_("计算方法"), max_length=10, choices=Method)
    below_percent = models.DecimalField(
        _("浓度低于标准（%）"), max_digits=5, decimal_places=2, null=True, blank=True,
        validators=(*NOT_NEGATIVE, MaxValueValidator(100)),
    )  # fmt: skip


class OnlineMass(models.Model):
    """What an outlet's monitor says it emitted of a pollutant in a quarter; computed, written by the services only."""

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="+")
    outlet = models.CharField(max_length=12)
    year = models.PositiveIntegerField()
    quarter = models.PositiveSmallIntegerField()
    pollutant = models.CharField(max_length=10)
    mass = models.DecimalField(max_digits=18, decimal_places=4)
    """Kilograms, replaced hours among them."""
    replaced = models.DecimalField(max_digits=18, decimal_places=4)
    replaced_hours = models.PositiveIntegerField()
    unknown_hours = models.PositiveIntegerField()
    hours = models.PositiveIntegerField()
    """Of the quarter, as far as it has passed."""
    months = models.JSONField(default=dict)
    """First day of a month to its kilograms."""
    url = models.CharField(max_length=200)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["facility", "outlet", "year", "quarter", "pollutant"], name="market_online_mass_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.facility_id} {self.outlet} {self.year}Q{self.quarter} {self.pollutant}"


class InsuranceDuty(Record):
    """An enterprise at high risk that has to be insured (应投保单位), in ``[from, to)``."""

    ground = models.CharField(_("应投保理由"), max_length=200)
    valid_from_date = models.DateField(_("起始日期"))
    valid_to_date = models.DateField(_("移出日期"), null=True, blank=True)


class InsurancePolicy(Record):
    """A policy against damage by pollution (环境污染责任保险保单), valid in ``[from, to]``."""

    insurer = models.CharField(_("保险公司"), max_length=120)
    policy = models.CharField(_("保单号"), max_length=80)
    valid_from_date = models.DateField(_("保险期起"))
    valid_to_date = models.DateField(_("保险期止"))
    cover = models.FloatField(_("责任限额（万元）"), validators=NOT_NEGATIVE)
    premium = models.FloatField(_("保费（万元）"), null=True, blank=True, validators=NOT_NEGATIVE)

    def clean(self) -> None:
        """Refuse a term that ends before it begins."""
        if self.valid_from_date and self.valid_to_date and self.valid_to_date < self.valid_from_date:
            raise ValidationError({"valid_to_date": _("保险期止不能早于保险期起。")})


class CreditConsent(Record):
    """An enterprise lets a bank ask for its credit grade (信用查询授权)."""

    bank = models.CharField(_("银行（登录账号）"), max_length=150)
    """Username of the bank's log-in."""
    purpose = models.CharField(_("用途"), max_length=120)
    valid_from_date = models.DateField(_("授权起"))
    valid_to_date = models.DateField(_("授权止"))


class CreditQuery(AppendOnly):
    """A bank asked for the credit of an enterprise, and what it was told."""

    asker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=32)
    """Credit code that was asked for."""
    consent = models.CharField(max_length=40, blank=True)
    """Number of the consent; empty where it was refused."""
    grade = models.CharField(max_length=20, blank=True)
    purpose = models.CharField(max_length=120)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.asker} {self.code}"


class GreenLoan(Record):
    """A green loan (绿色信贷)."""

    bank = models.CharField(_("银行"), max_length=120)
    project = models.CharField(_("项目"), max_length=160)
    amount = models.FloatField(_("金额（万元）"), validators=NOT_NEGATIVE)
    rate = models.FloatField(_("年利率（%）"), null=True, blank=True, validators=NOT_NEGATIVE)
    granted_date = models.DateField(_("发放日期"))
    until_date = models.DateField(_("到期日期"), null=True, blank=True)


class PerformanceGrade(Record):
    """The grade of energy and environmental performance by which prices differ (绩效等级)."""

    class Grade(models.TextChoices):
        A = "a", _("A 级")
        B = "b", _("B 级")
        C = "c", _("C 级")
        D = "d", _("D 级")

    grade = models.CharField(_("等级"), max_length=2, choices=Grade)
    on_date = models.DateField(_("生效日期"))
    document = models.CharField(_("依据文件"), max_length=120)


class PriceList(AppendOnly):
    """A version of the list of differential prices."""

    version = models.PositiveIntegerField(unique=True)
    on_date = models.DateField()
    content = models.TextField()
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-version"]

    def __str__(self) -> str:
        return f"v{self.version}"


class EcoFund(Record):
    """What an enterprise put aside for the environment, or used of it (生态环保费用)."""

    class Kind(models.TextChoices):
        EXTRACT = "extract", _("提取")
        USE = "use", _("使用")

    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    kind = models.CharField(_("类型"), max_length=10, choices=Kind)
    amount = models.DecimalField(_("金额（万元）"), max_digits=18, decimal_places=4, validators=POSITIVE)
    purpose = models.CharField(_("用途"), max_length=200)
    voucher = models.CharField(_("凭证号"), max_length=80)

    def clean(self) -> None:
        """Refuse a change of what is booked."""
        _refuse_booked(self)


class FinanceProject(Record):
    """A project that wants money: green, or led by the environment (绿色金融与 EOD 项目)."""

    class Kind(models.TextChoices):
        EOD = "eod", _("EOD 项目")
        GREEN = "green", _("绿色金融项目")

    class Stage(models.TextChoices):
        IDEA = "idea", _("谋划")
        STORED = "stored", _("入库")
        BUILDING = "building", _("实施")
        DONE = "done", _("完成")

    name_zh = models.CharField(_("项目名称"), max_length=160)
    kind = models.CharField(_("类型"), max_length=10, choices=Kind)
    stage = models.CharField(_("阶段"), max_length=10, choices=Stage)
    owner = models.CharField(_("实施主体"), max_length=120)
    investment = models.FloatField(_("总投资（万元）"), validators=NOT_NEGATIVE)
    funded = models.FloatField(_("已到位资金（万元）"), default=0, validators=NOT_NEGATIVE)
    industry = models.CharField(_("关联产业"), max_length=160, blank=True)
    approval = models.CharField(_("入库或批复文号"), max_length=80, blank=True)

    def clean(self) -> None:
        """Refuse a stage without its document, and a step over a stage: a project goes one stage at a time."""
        super().clean()
        order = [stage.value for stage in self.Stage]
        if self.pk is not None:
            before = FinanceProject.objects.filter(pk=self.pk).values_list("stage", flat=True).first()
            if before and abs(order.index(self.stage) - order.index(before)) > 1:
                raise ValidationError({"stage": _("项目须逐个阶段推进或退回。")})
            if before != self.stage and self.stage in ("building", "done") and not self.approval:
                raise ValidationError({"approval": _("进入实施或完成阶段须填写批复文号。")})


class ProjectReturn(Record):
    """What a project costs or brings in a year, planned and booked (项目投入与反哺收益)."""

    class Kind(models.TextChoices):
        COST = "cost", _("生态治理投入")
        INCOME = "income", _("产业反哺收益")

    project = models.CharField(_("项目编号"), max_length=40, db_index=True)
    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    kind = models.CharField(_("类型"), max_length=10, choices=Kind)
    planned = models.DecimalField(
        _("计划（万元）"), max_digits=18, decimal_places=4, default=0, validators=NOT_NEGATIVE
    )
    booked = models.DecimalField(
        _("实际（万元）"), max_digits=18, decimal_places=4, default=0, validators=NOT_NEGATIVE
    )
    source = models.CharField(_("来源"), max_length=160, blank=True)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["project", "year", "kind"],
                condition=models.Q(withdrawn_at=None),
                name="market_return_once",
            )
        ]

    def clean(self) -> None:
        """Refuse a project that is not on the register; a return lies where its project does."""
        super().clean()
        found = FinanceProject.objects.filter(number=self.project, withdrawn_at=None).first()
        if found is None:
            raise ValidationError({"project": _("没有这个编号的项目。")})
        self.region = self.region or found.region


class EsgReport(Record):
    """A voluntary report on environment, society and governance (ESG 报告)."""

    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    title = models.CharField(_("标题"), max_length=200)
    environment = models.FloatField(_("环境得分"), null=True, blank=True, validators=NOT_NEGATIVE)
    social = models.FloatField(_("社会得分"), null=True, blank=True, validators=NOT_NEGATIVE)
    governance = models.FloatField(_("治理得分"), null=True, blank=True, validators=NOT_NEGATIVE)
    link = models.URLField(_("公开地址"), blank=True)


def esg_indicators() -> list[tuple[str, str]]:
    """Return the indicators of ESG with their units."""
    rows = rules.in_force("esg", dt.date.max)["indicators"]
    return [(row["code"], f"{row[_language()]} ({row['unit']})") for row in rows]


class EsgValue(Record):
    """One indicator of an enterprise in a year, as it tells it (ESG 指标)."""

    year = models.PositiveIntegerField(_("年度"), validators=YEAR)
    indicator = models.CharField(_("指标"), max_length=20, choices=esg_indicators)
    value = models.DecimalField(_("数值"), max_digits=20, decimal_places=4, validators=NOT_NEGATIVE)
    source = models.CharField(_("来源"), max_length=160)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["facility", "year", "indicator"],
                condition=models.Q(withdrawn_at=None),
                name="market_esg_once",
            )
        ]

    def clean(self) -> None:
        """Refuse a row without an enterprise, and a share above the whole."""
        super().clean()
        if self.facility is None:
            raise ValidationError({"facility": _("请选择企业。")})
        units = {row["code"]: row["unit"] for row in rules.in_force("esg", dt.date.max)["indicators"]}
        if units.get(self.indicator) == "%" and self.value is not None and self.value > 100:
            raise ValidationError({"value": _("百分比不能大于 100。")})


class CreditPush(Record):
    """Something told to the platform of joint punishment, and its receipt (联合惩戒推送)."""

    matter = models.CharField(_("推送事项编号"), max_length=80)
    platform = models.CharField(_("接收平台"), max_length=120)
    content = models.CharField(_("推送内容"), max_length=300)
    receipt = models.CharField(_("回执编号"), max_length=80, blank=True)


def _refuse_booked(row: Record) -> None:
    if row.state in ("booked", "settled"):
        raise ValidationError(_("已入账的记录不能更改，请另行登记冲抵。"))


def _language() -> str:
    return "name_zh" if (get_language() or "zh").startswith("zh") else "name_en"
