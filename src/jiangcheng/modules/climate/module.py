"""The room 碳与气候: the city's greenhouse gases, the carbon market, low-carbon actions, coal and climate."""

from typing import Any

from jiangcheng.core.manifest import (
    FindingKind,
    Hook,
    Indicator,
    Manifest,
    MapLayer,
    Names,
    Page,
    PeriodicTask,
    Permission,
    Register,
    Report,
)

VIEW, MANAGE, ACCEPT = "climate.view", "climate.manage", "climate.accept"


def _register(code: str, zh: str, en: str, model: str, **more: Any) -> Register:
    return Register(
        code=code, names=Names(zh, en), model=f"climate.{model}", view=VIEW, change=MANAGE, **more
    )


MANIFEST = Manifest(
    code="climate",
    names=Names("碳与气候", "Carbon and climate"),
    permissions=(
        Permission(VIEW, Names("查看碳与气候", "See carbon and climate")),
        Permission(MANAGE, Names("维护碳与气候台账", "Keep the carbon and climate registers")),
        Permission(ACCEPT, Names("核证与确认清缴", "Certify reductions and confirm clearance")),
    ),
    pages=(
        Page("climate:overview", Names("碳与气候", "Carbon and climate"), VIEW, "modules", "flame", 80),
        Page("climate:indices", Names("气候指数与风险", "Climate indices and risk"), VIEW, "modules", "cloud", 81),
        Page("climate:inventory", Names("温室气体清单", "Greenhouse-gas inventory"), VIEW, "account", "table", 60),
    ),
    map_layers=(
        MapLayer(
            "climate.risk", Names("气候风险", "Climate risk"), "climate:risk_layer", VIEW,
            geometry="polygon", visible=False, order=6,
        ),
    ),
    finding_kinds=(
        FindingKind(
            "climate.clearance_overdue",
            Names("碳配额清缴逾期", "Carbon clearance overdue"),
            case_type="DUTY",
            severity=3,
        ),
    ),
    tasks=(
        PeriodicTask(
            "climate.tasks.compute_indicators",
            86400,
            Names("计算碳排放指标", "Compute the indicators of carbon"),
        ),
        PeriodicTask(
            "climate.tasks.compute_climate", 86400, Names("计算气候指数", "Compute the indices of the climate")
        ),
    ),
    indicators=(
        Indicator(
            "climate.ghg_total",
            "climate.tasks.compute_indicators",
            Names("温室气体排放总量", "Greenhouse-gas emission"),
        ),
        Indicator(
            "climate.co2", "climate.tasks.compute_indicators", Names("二氧化碳排放量", "Carbon dioxide emission")
        ),
        Indicator(
            "climate.inventories",
            "climate.tasks.compute_indicators",
            Names("年度清单份数", "Inventories of the year"),
        ),
        Indicator(
            "climate.ghg_intensity",
            "climate.tasks.compute_indicators",
            Names("单位地区生产总值温室气体排放", "Greenhouse gases per GDP"),
        ),
        Indicator(
            "climate.methane", "climate.tasks.compute_indicators", Names("甲烷排放量", "Methane emission")
        ),
        Indicator(
            "climate.coal_share",
            "climate.tasks.compute_indicators",
            Names("煤炭消费占控制量比例", "Coal use against its quota"),
        ),
    ),
    registers=(
        _register(
            "carbon-activities", "活动水平数据", "Activity data", "ActivityDatum",
            columns=("number", "year", "kind", "amount", "recovered", "uncertainty", "origin"),
            fields=("region", "year", "kind", "amount", "recovered", "uncertainty", "origin"),
            filters=("year", "kind"), search=("origin",), key=("region", "year", "kind"), prefix="HD", order=960,
        ),
        _register(
            "carbon-enterprises", "碳市场重点排放单位", "Units of the carbon market", "CarbonEnterprise",
            columns=("number", "facility", "year", "sector", "emission", "allowance", "surrendered", "state", "due_at"),
            fields=("facility", "year", "sector", "emission", "allowance", "surrendered", "due_at"),
            filters=("year", "sector", "state"), search=("facility__name_zh", "sector"), key=("facility", "year"),
            prefix="TP", workflow="carbon_clearance", overdue="climate.clearance_overdue", on_file=True, order=961,
        ),
        _register(
            "carbon-reductions", "减排量核证", "Certified reductions", "Reduction",
            columns=("number", "name_zh", "method", "starts_date", "ends_date", "amount", "state"),
            fields=("name_zh", "facility", "region", "method", "starts_date", "ends_date", "amount", "certificate",
                    "longitude", "latitude"),
            filters=("method", "state"), search=("name_zh", "certificate"), key=("name_zh", "starts_date"),
            prefix="HZ", workflow="carbon_reduction", geometry=True, order=962,
        ),
        _register(
            "carbon-actions", "碳普惠行为", "Low-carbon actions", "CarbonAction",
            columns=("number", "account", "action", "quantity", "done_date", "reduction", "points", "state"),
            fields=("account", "action", "quantity", "done_date", "voucher"),
            filters=("action", "state"), search=("voucher",), key=("voucher",), prefix="PH",
            personal=("account",), workflow="carbon_action", order=963,
        ),
        _register(
            "carbon-redemptions", "碳积分兑换", "Redeemed points", "CarbonRedemption",
            columns=("number", "account", "points", "purpose", "state"),
            fields=("account", "points", "purpose"), filters=("state",), search=("purpose",), prefix="DH",
            personal=("account",), workflow="carbon_redemption", order=964,
        ),
        _register(
            "coal-uses", "煤炭消费控制", "Coal use and quota", "CoalUse",
            columns=("number", "unit", "region", "year", "quota", "used"),
            fields=("unit", "region", "facility", "year", "quota", "used"), filters=("year", "region"),
            search=("unit",), key=("unit", "year"), prefix="MT", on_file=True, order=965,
        ),
        _register(
            "climate-indices", "气候指数", "Climate indices", "ClimateIndex",
            columns=("number", "year", "place", "code", "value", "origin"),
            fields=("region", "year", "place", "code", "value", "origin", "longitude", "latitude"),
            filters=("year", "code"), search=("place",), key=("place", "year", "code"), prefix="QH",
            geometry=True, order=966,
        ),
        _register(
            "climate-risks", "气候风险点", "Climate risks", "ClimateRisk",
            columns=("number", "name_zh", "region", "hazard", "level", "assessed_date", "exposed", "measure"),
            fields=("name_zh", "region", "hazard", "level", "assessed_date", "exposed", "measure", "longitude",
                    "latitude"),
            filters=("hazard", "level", "region"), search=("name_zh",), key=("name_zh", "hazard"), prefix="FX",
            geometry=True, order=967,
        ),
        _register(
            "climate-stations", "气候观测站", "Climate stations", "ClimateStation",
            columns=("number", "code", "name_zh", "region", "elevation", "source"),
            fields=("code", "name_zh", "region", "elevation", "source", "longitude", "latitude"),
            filters=("region",), search=("code", "name_zh"), key=("code",), prefix="QZ", geometry=True, order=968,
        ),
        _register(
            "climate-exposures", "县区暴露度与脆弱性", "Exposure of counties", "ClimateExposure",
            columns=("number", "region", "year", "population_density", "gdp_density", "cropland_percent",
                     "elderly_percent", "unprotected_percent", "rainfed_percent"),
            fields=("region", "year", "population_density", "gdp_density", "cropland_percent", "elderly_percent",
                    "unprotected_percent", "rainfed_percent", "source"),
            filters=("year", "region"), key=("region", "year"), prefix="QB", order=969,
        ),
    ),
    reports=(
        Report(
            code="climate-year",
            names=Names("碳与气候年报", "Yearly report on carbon and climate"),
            function="climate.services.year_report",
            period="year",
            permission=VIEW,
            order=62,
        ),
    ),
    hooks=(
        Hook("record.carbon-enterprises.clear", "climate.services.check_clearance"),
        Hook("record.carbon-reductions.certify", "climate.services.check_overlap"),
        Hook("record.carbon-actions.credit", "climate.services.credit_action"),
        Hook("record.carbon-redemptions.grant", "climate.services.check_balance"),
    ),
)  # fmt: skip
