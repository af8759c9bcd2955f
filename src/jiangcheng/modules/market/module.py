"""The room 市场与金融: environmental rights, tax, insurance, green finance, prices and funds."""

from typing import Any

from jiangcheng.core.manifest import (
    FacilityCard,
    FindingKind,
    Hook,
    LabelScheme,
    LabelValue,
    Manifest,
    Names,
    Page,
    PeriodicTask,
    Permission,
    Register,
)

VIEW, MANAGE, ACCEPT, BANK = "market.view", "market.manage", "market.accept", "market.bank"


def _register(code: str, zh: str, en: str, model: str, **more: Any) -> Register:
    return Register(
        code=code, names=Names(zh, en), model=f"market.{model}", **{"view": VIEW, "change": MANAGE, **more}
    )


MANIFEST = Manifest(
    code="market",
    names=Names("市场与金融", "Market and finance"),
    permissions=(
        Permission(VIEW, Names("查看市场与金融", "See market and finance")),
        Permission(MANAGE, Names("维护市场与金融台账", "Keep the registers of market and finance")),
        Permission(ACCEPT, Names("配额入账、交易交割、记账确认", "Book quotas, settle trades, book funds")),
        Permission(BANK, Names("凭企业授权查询环保信用", "Ask for credit with an enterprise's consent")),
    ),
    pages=(
        Page("market:overview", Names("市场与金融", "Market and finance"), VIEW, "modules", "scale", 85),
        Page("market:tax", Names("环境保护税测算", "Environmental tax"), VIEW, "account", "calculator", 62),
        Page("market:prices", Names("差别价格清单", "Differential prices"), VIEW, "account", "newspaper", 63),
        Page("market:ask", Names("银行信用查询", "Credit query of a bank"), BANK, "act", "search", 90),
    ),
    finding_kinds=(
        FindingKind(
            "market.uninsured", Names("高风险单位无有效环责险保单", "High-risk unit without insurance"), "DUTY", 3
        ),
    ),
    tasks=(
        PeriodicTask("market.tasks.watch_insurance", 86400, Names("环责险巡查", "Watch compulsory insurance")),
        PeriodicTask("market.tasks.take_online_masses", 86400, Names("应税在线排放量", "Masses of online monitors")),
    ),
    registers=(
        _register(
            "right-quotas", "权益配额", "Quotas of rights", "RightQuota",
            columns=("number", "facility", "right", "item", "year", "kind", "amount", "state"),
            fields=("facility", "right", "item", "year", "kind", "amount", "document"),
            filters=("right", "kind", "year", "state"), search=("facility__name_zh", "document"), prefix="QE",
            workflow="right_quota", on_file=True, order=980,
        ),
        _register(
            "right-trades", "权益交易", "Trades of rights", "RightTrade",
            columns=("number", "facility", "buyer", "right", "item", "year", "amount", "price", "state"),
            fields=("facility", "buyer", "right", "item", "year", "amount", "price", "contract"),
            filters=("right", "year", "state"), search=("facility__name_zh", "buyer__name_zh", "contract"),
            key=("contract",), prefix="JY", workflow="right_trade", on_file=True, order=981,
        ),
        _register(
            "tax-quantities", "应税污染物排放量", "Taxable quantities", "TaxQuantity",
            columns=("number", "facility", "outlet", "year", "quarter", "pollutant", "mass", "method"),
            fields=("facility", "outlet", "year", "quarter", "pollutant", "mass", "method", "below_percent"),
            filters=("year", "quarter", "method"), search=("facility__name_zh", "outlet"),
            key=("facility", "outlet", "year", "quarter", "pollutant"), prefix="SL", on_file=True, order=982,
        ),
        _register(
            "insurance-duties", "环责险应投保单位", "Units that have to be insured", "InsuranceDuty",
            columns=("number", "facility", "region", "ground", "valid_from_date", "valid_to_date"),
            fields=("facility", "ground", "valid_from_date", "valid_to_date"), filters=("region",),
            search=("facility__name_zh", "ground"), key=("facility",), prefix="TB", on_file=True, order=983,
        ),
        _register(
            "insurance-policies", "环责险保单", "Policies of liability insurance", "InsurancePolicy",
            columns=("number", "facility", "insurer", "policy", "valid_from_date", "valid_to_date", "cover"),
            fields=("facility", "insurer", "policy", "valid_from_date", "valid_to_date", "cover", "premium"),
            filters=("insurer",), search=("facility__name_zh", "policy"), key=("policy",), prefix="BD",
            on_file=True, order=984,
        ),
        _register(
            "credit-consents", "信用查询授权", "Consents to credit queries", "CreditConsent",
            columns=("number", "facility", "bank", "purpose", "valid_from_date", "valid_to_date", "state"),
            fields=("facility", "bank", "purpose", "valid_from_date", "valid_to_date"), filters=("state",),
            search=("facility__name_zh", "bank"), prefix="SQ", workflow="credit_consent", on_file=True, order=985,
            change="enterprises.own",
        ),
        _register(
            "green-loans", "绿色信贷", "Green loans", "GreenLoan",
            columns=("number", "facility", "bank", "project", "amount", "rate", "granted_date", "until_date"),
            fields=("facility", "bank", "project", "amount", "rate", "granted_date", "until_date"),
            filters=("bank",), search=("facility__name_zh", "project", "bank"), prefix="DK", on_file=True, order=986,
        ),
        _register(
            "performance-grades", "价格绩效等级", "Performance grades", "PerformanceGrade",
            columns=("number", "facility", "grade", "on_date", "document", "state"),
            fields=("facility", "grade", "on_date", "document"), filters=("grade", "state"),
            search=("facility__name_zh", "document"), key=("facility", "on_date"), prefix="JX",
            workflow="performance_grade", on_file=True, order=987,
        ),
        _register(
            "eco-funds", "企业生态环保费用", "Environmental funds", "EcoFund",
            columns=("number", "facility", "year", "kind", "amount", "purpose", "state"),
            fields=("facility", "year", "kind", "amount", "purpose", "voucher"),
            filters=("year", "kind", "state"), search=("facility__name_zh", "purpose"), key=("voucher",), prefix="HF",
            workflow="eco_fund", on_file=True, order=988,
        ),
        _register(
            "finance-projects", "绿色金融与 EOD 项目", "Green and EOD projects", "FinanceProject",
            columns=("number", "name_zh", "kind", "stage", "region", "owner", "investment", "funded"),
            fields=("name_zh", "kind", "stage", "approval", "region", "owner", "investment", "funded", "industry",
                    "longitude", "latitude"),
            filters=("kind", "stage", "region"), search=("name_zh", "owner"), key=("name_zh",), prefix="EOD",
            geometry=True, order=989,
        ),
        _register(
            "project-returns", "项目投入与反哺收益", "Costs and returns of projects", "ProjectReturn",
            columns=("number", "project", "year", "kind", "planned", "booked", "source"),
            fields=("project", "year", "kind", "planned", "booked", "source"), filters=("kind", "year"),
            search=("project", "source"), key=("project", "year", "kind"), prefix="FB", order=989,
        ),
        _register(
            "esg-values", "ESG 指标", "ESG indicators", "EsgValue",
            columns=("number", "facility", "year", "indicator", "value", "source"),
            fields=("facility", "year", "indicator", "value", "source"), filters=("year", "indicator"),
            search=("facility__name_zh", "source"), key=("facility", "year", "indicator"), prefix="EI", on_file=True,
            order=990,
        ),
        _register(
            "esg-reports", "ESG 报告", "ESG reports", "EsgReport",
            columns=("number", "facility", "year", "title", "environment", "social", "governance"),
            fields=("facility", "year", "title", "environment", "social", "governance", "link"), filters=("year",),
            search=("facility__name_zh", "title"), key=("facility", "year"), prefix="ESG", on_file=True, order=990,
        ),
        _register(
            "credit-pushes", "联合惩戒推送", "Pushes of joint punishment", "CreditPush",
            columns=("number", "facility", "matter", "platform", "content", "receipt", "state", "state_at"),
            fields=("facility", "matter", "platform", "content", "receipt"), filters=("platform", "state"),
            search=("facility__name_zh", "matter", "receipt"), key=("matter", "platform"), prefix="TS",
            workflow="credit_push", on_file=True, order=991,
        ),
    ),
    facility_cards=(FacilityCard("market:card", Names("环境权益与保险", "Rights and insurance"), VIEW, 70),),
    label_schemes=(
        LabelScheme(
            "performance-price",
            Names("价格绩效等级", "Performance grade for prices"),
            (
                LabelValue("a", Names("A 级", "A"), "#2e9e5b"), LabelValue("b", Names("B 级", "B"), "#2f6fde"),
                LabelValue("c", Names("C 级", "C"), "#c98a00"), LabelValue("d", Names("D 级", "D"), "#d92d20"),
            ),
        ),
    ),
    hooks=(
        Hook("record.right-quotas.book", "market.services.book_quota"),
        Hook("record.right-trades.settle", "market.services.settle_trade"),
        Hook("record.eco-funds.book", "market.services.book_fund"),
        Hook("record.performance-grades.confirm", "market.services.label_grade"),
        Hook("record.credit-pushes.confirm", "market.services.check_receipt"),
    ),
)  # fmt: skip
