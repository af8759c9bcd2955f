"""The room 生态产品: the gross ecosystem product, products and rights, compensation between areas, titles."""

from typing import Any

from jiangcheng.core.manifest import (
    Indicator,
    Manifest,
    Names,
    Page,
    PeriodicTask,
    Permission,
    Register,
    Report,
)

VIEW, MANAGE, ACCEPT = "ecovalue.view", "ecovalue.manage", "ecovalue.accept"


def _register(code: str, zh: str, en: str, model: str, **more: Any) -> Register:
    return Register(
        code=code, names=Names(zh, en), model=f"ecovalue.{model}", view=VIEW, change=MANAGE, **more
    )


MANIFEST = Manifest(
    code="ecovalue",
    names=Names("生态产品价值", "Ecosystem value"),
    permissions=(
        Permission(VIEW, Names("查看生态产品价值", "See the value of ecosystems")),
        Permission(MANAGE, Names("维护生态产品台账", "Keep the registers of ecosystem value")),
        Permission(ACCEPT, Names("登记与注销生态产品", "Register and end eco-products")),
    ),
    pages=(
        Page("ecovalue:account", Names("生态产品总值", "Gross ecosystem product"), VIEW, "account", "leaf", 62),
        Page(
            "ecovalue:compensation",
            Names("横向生态补偿", "Compensation between areas"),
            VIEW,
            "account",
            "scale",
            63,
        ),
    ),
    tasks=(
        PeriodicTask(
            "ecovalue.tasks.compute_indicators",
            86400,
            Names("计算生态产品总值指标", "Compute the indicators of ecosystem value"),
        ),
    ),
    indicators=(
        Indicator(
            "ecovalue.gep",
            "ecovalue.tasks.compute_indicators",
            Names("生态产品总值", "Gross ecosystem product"),
        ),
    ),
    registers=(
        _register(
            "gep-inputs", "生态产品核算参数", "Inputs of the account", "GepInput",
            columns=("number", "year", "service", "label", "symbol", "value", "origin"),
            fields=("region", "year", "service", "label", "symbol", "value", "origin"),
            filters=("year", "service"), search=("label", "origin"), key=("year", "service", "label", "symbol"),
            prefix="CS", order=970,
        ),
        _register(
            "eco-products", "生态产品", "Eco-products", "EcoProduct",
            columns=("number", "name_zh", "kind", "area", "holder", "value", "traded", "state"),
            fields=("name_zh", "region", "kind", "area", "quantity", "holder", "value", "basis", "traded",
                    "longitude", "latitude"),
            filters=("kind", "state"), search=("name_zh", "holder"), key=("name_zh",), prefix="CP",
            workflow="eco_product", geometry=True, order=971,
        ),
        _register(
            "nature-rights", "自然资源确权登记", "Registered rights of nature", "NatureRight",
            columns=("number", "name_zh", "kind", "owner", "area", "registered_date"),
            fields=("name_zh", "region", "kind", "owner", "area", "registered_date", "outline", "longitude",
                    "latitude"),
            filters=("kind",), search=("name_zh", "owner"), key=("name_zh",), prefix="QQ", geometry=True, order=972,
        ),
        _register(
            "gep-uses", "核算结果应用", "Uses of the account", "GepUse",
            columns=("number", "kind", "title", "version", "amount", "used_date"),
            fields=("region", "kind", "title", "version", "amount", "used_date"), filters=("kind",),
            search=("title",), prefix="YY", order=973,
        ),
        _register(
            "compensation-agreements", "横向生态补偿协议", "Compensation agreements", "Agreement",
            columns=("number", "name_zh", "upper", "lower", "station", "item", "target", "valid_from_date"),
            fields=("name_zh", "region", "upper", "lower", "station", "item", "target", "base", "cap", "reward_below",
                    "reward", "valid_from_date", "valid_to_date"),
            search=("name_zh", "station"), key=("name_zh", "valid_from_date"), prefix="BC", order=974,
        ),
        _register(
            "compensation-funds", "生态补偿资金", "Compensation funds", "CompensationFund",
            columns=("number", "kind", "year", "payer", "payee", "amount", "document"),
            fields=("region", "kind", "year", "payer", "payee", "amount", "document"), filters=("kind", "year"),
            search=("payer", "payee", "document"), prefix="ZJ", order=975,
        ),
        _register(
            "nature-titles", "生态示范名册", "Titles of nature", "NatureTitle",
            columns=("number", "name_zh", "kind", "level", "titled_date", "met", "indicators"),
            fields=("name_zh", "region", "kind", "level", "titled_date", "reviewed_date", "met", "indicators",
                    "longitude", "latitude"),
            filters=("kind", "level"), search=("name_zh",), key=("name_zh", "kind"), prefix="MC", geometry=True,
            public=("name_zh", "kind", "level", "titled_date"), order=976,
        ),
    ),
    reports=(
        Report(
            code="gep-year",
            names=Names("生态产品总值年报", "Yearly report on the value of ecosystems"),
            function="ecovalue.services.year_report",
            period="year",
            permission=VIEW,
            order=63,
        ),
    ),
)  # fmt: skip
