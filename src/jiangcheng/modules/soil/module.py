"""The room 土壤与地下水: plots and their use, key units, groundwater, farmland, samples and black land."""

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

VIEW, MANAGE, ACCEPT = "soil.view", "soil.manage", "soil.accept"
COMPUTE = "soil.tasks.compute_indicators"


def _register(code: str, zh: str, en: str, model: str, **more: Any) -> Register:
    return Register(code=code, names=Names(zh, en), model=f"soil.{model}", view=VIEW, change=MANAGE, **more)


MANIFEST = Manifest(
    code="soil",
    names=Names("土壤与地下水", "Soil and groundwater"),
    permissions=(
        Permission(VIEW, Names("查看土壤与地下水", "See soil and groundwater")),
        Permission(MANAGE, Names("维护土壤与地下水台账", "Keep the registers of soil and groundwater")),
        Permission(ACCEPT, Names("审定名录与用途变更", "Decide on lists and changes of use")),
    ),
    pages=(
        Page("soil:overview", Names("土壤与地下水", "Soil and groundwater"), VIEW, "modules", "crop", 82),
        Page("soil:key_units", Names("土壤重点监管单位", "Soil key units"), VIEW, "modules", "list-checks", 83),
        Page("soil:where", Names("土壤与地下水点位查询", "Soil rules of a place"), VIEW, "modules", "search", 84),
    ),
    map_layers=(
        MapLayer(
            "soil.zones", Names("地下水污染防治重点区", "Groundwater key zones"), "soil:zones_layer", VIEW,
            geometry="polygon", timed=True, visible=False, order=14,
        ),
        MapLayer(
            "soil.plots", Names("风险管控和修复地块", "Plots under risk control"), "soil:plots_layer", VIEW,
            geometry="polygon", visible=False, order=15,
        ),
    ),
    finding_kinds=(
        FindingKind(
            "soil.use_change", Names("用途变更未作土壤调查", "Change of use without a survey"), "SOIL", severity=3
        ),
        FindingKind("soil.duty_overdue", Names("土壤重点单位义务逾期", "Soil duty overdue"), "DUTY", severity=2),
        FindingKind("soil.plot_overdue", Names("地块管控修复逾期", "Control of a plot overdue"), "SOIL", severity=3),
    ),
    tasks=(
        PeriodicTask("soil.tasks.watch", 3600, Names("核对用途变更与义务", "Watch changes of use and duties")),
        PeriodicTask(COMPUTE, 86400, Names("计算土壤指标", "Compute the indicators of soil")),
    ),
    indicators=(
        Indicator("soil.perimeter_coverage", COMPUTE, Names("重点单位周边监测覆盖率", "Monitored key units")),
        Indicator("soil.safe_use", COMPUTE, Names("受污染耕地安全利用率", "Safe use of polluted farmland")),
        Indicator("soil.black_land_area", COMPUTE, Names("黑土地保护面积", "Protected black land")),
        Indicator("soil.black_land_gain", COMPUTE, Names("黑土地有机质增量", "Organic matter gained")),
    ),
    registers=(
        _register(
            "soil-plots", "建设用地风险管控和修复名录", "Plots under risk control", "SoilPlot",
            columns=("number", "plot_code", "name_zh", "contaminants", "entered_date", "left_date", "state"),
            fields=("plot_code", "name_zh", "region", "facility", "area", "contaminants", "outline", "longitude",
                    "latitude", "due_at"),
            filters=("state", "region"), search=("plot_code", "name_zh", "contaminants"), key=("plot_code",),
            prefix="JK", workflow="soil_plot", overdue="soil.plot_overdue", on_file=True, geometry=True, order=971,
        ),
        _register(
            "land-use-changes", "建设用地用途变更", "Changes of land use", "LandUseChange",
            columns=("number", "plot_code", "name_zh", "old_use", "new_use", "survey_date", "state"),
            fields=("plot_code", "name_zh", "region", "old_use", "new_use", "filed_date", "survey_date",
                    "survey_number", "outline", "longitude", "latitude"),
            filters=("state", "new_use", "region"), search=("plot_code", "name_zh", "survey_number"),
            prefix="BG", workflow="land_use_change", geometry=True, order=972,
        ),
        _register(
            "soil-key-units", "土壤污染重点监管单位", "Soil key units", "SoilKeyUnit",
            columns=("number", "year", "facility", "region", "reason"), fields=("year", "facility", "reason"),
            filters=("year", "region"), search=("facility__name_zh", "reason"), key=("year", "facility"),
            prefix="TZ", on_file=True, geometry=True, order=973,
        ),
        _register(
            "soil-duties", "土壤重点监管单位义务", "Duties of soil key units", "SoilDuty",
            columns=("number", "year", "facility", "duty", "due_at", "state"),
            fields=("year", "facility", "duty", "due_at"), filters=("year", "duty", "state"),
            search=("facility__name_zh",), key=("year", "facility", "duty"), prefix="TY", workflow="soil_duty",
            overdue="soil.duty_overdue", on_file=True, order=974,
        ),
        _register(
            "perimeter-samples", "重点单位周边监测", "Monitoring around key units", "PerimeterSample",
            columns=("number", "facility", "point", "medium", "sampled_date", "report_number"),
            fields=("facility", "point", "medium", "sampled_date", "report_number", "longitude", "latitude"),
            filters=("medium",), search=("facility__name_zh", "point", "report_number"),
            key=("facility", "point", "medium", "sampled_date"), prefix="ZC", on_file=True, geometry=True, order=975,
        ),
        _register(
            "soil-samples", "土壤样品", "Soil samples", "SoilSample",
            columns=("number", "point", "sampled_date", "use", "item", "value", "verdict", "basis"),
            fields=("point", "facility", "region", "sampled_date", "use", "item", "value", "ph", "longitude",
                    "latitude"),
            filters=("use", "item", "verdict"), search=("point",), key=("point", "sampled_date", "item"),
            prefix="TR", on_file=True, geometry=True, order=976,
        ),
        _register(
            "groundwater-key-units", "地下水污染防治重点单位", "Groundwater key units", "GroundwaterKeyUnit",
            columns=("number", "year", "facility", "reason", "in_permit"),
            fields=("year", "facility", "reason", "in_permit"), filters=("year", "in_permit"),
            search=("facility__name_zh", "reason"), key=("year", "facility"), prefix="DZ", on_file=True,
            geometry=True, order=977,
        ),
        _register(
            "groundwater-zones", "地下水污染防治重点区", "Groundwater key zones", "GroundwaterZone",
            columns=("number", "name_zh", "kind", "valid_from_date", "valid_to_date", "document"),
            fields=("name_zh", "kind", "region", "outline", "rule", "valid_from_date", "valid_to_date", "document"),
            filters=("kind",), search=("name_zh", "document"), key=("name_zh", "valid_from_date"), prefix="DQ",
            order=978,
        ),
        _register(
            "farmland-plots", "农用地分类", "Classes of farmland", "Farmland",
            columns=("number", "year", "plot_code", "region", "category", "pollution", "area", "measure",
                     "products_sound"),
            fields=("year", "plot_code", "region", "category", "pollution", "area", "measure", "products_sound",
                    "outline", "longitude", "latitude"),
            filters=("year", "category", "pollution", "region"), search=("plot_code",), key=("year", "plot_code"),
            prefix="ND", geometry=True, order=979,
        ),
        _register(
            "black-land-projects", "黑土地保护项目", "Black-land projects", "BlackLandProject",
            columns=("number", "name_zh", "region", "practice", "area", "starts_date", "ends_date"),
            fields=("name_zh", "region", "practice", "area", "starts_date", "ends_date", "outline", "longitude",
                    "latitude"),
            filters=("region", "practice"), search=("name_zh",), key=("name_zh", "starts_date"), prefix="HT",
            geometry=True, order=980,
        ),
        _register(
            "black-land-points", "黑土地有机质点位", "Organic matter of black land", "BlackLandPoint",
            columns=("number", "project", "point", "phase", "sampled_date", "organic_matter", "depth"),
            fields=("project", "point", "phase", "sampled_date", "organic_matter", "depth", "region", "longitude",
                    "latitude"),
            filters=("phase",), search=("project", "point"), key=("project", "point", "phase", "sampled_date"),
            prefix="YZ", geometry=True, order=981,
        ),
    ),
    reports=(
        Report(
            code="soil-year",
            names=Names("土壤与地下水年报", "Yearly report on soil and groundwater"),
            function="soil.services.year_report",
            period="year",
            permission=VIEW,
            order=61,
        ),
    ),
    hooks=(
        Hook("record.land-use-changes.create", "soil.services.watch_change"),
        Hook("record.land-use-changes.approve", "soil.services.check_change"),
        Hook("record.soil-plots.enter", "soil.services.enter_plot"),
        Hook("record.soil-plots.remove", "soil.services.remove_plot"),
    ),
)  # fmt: skip
