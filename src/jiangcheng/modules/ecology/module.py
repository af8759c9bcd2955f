"""The room 生态保护: zones of control, protected areas, patrols, species, wetlands, forests and restoration."""

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

VIEW, MANAGE, ACCEPT = "ecology.view", "ecology.manage", "ecology.accept"
COMPUTE = "ecology.tasks.compute_indicators"


def _register(code: str, zh: str, en: str, model: str, **more: Any) -> Register:
    return Register(
        code=code, names=Names(zh, en), model=f"ecology.{model}", view=VIEW, change=MANAGE, **more
    )


MANIFEST = Manifest(
    code="ecology",
    names=Names("生态保护", "Ecology"),
    permissions=(
        Permission(VIEW, Names("查看生态保护", "See ecology")),
        Permission(MANAGE, Names("维护生态保护台账", "Keep the registers of ecology")),
        Permission(ACCEPT, Names("核定与销号", "Confirm and close out")),
    ),
    pages=(
        Page("ecology:overview", Names("生态保护", "Ecology"), VIEW, "modules", "shield", 85),
        Page("ecology:zoning", Names("分区管控查询", "Zones of a place"), VIEW, "modules", "map", 86),
    ),
    map_layers=(
        MapLayer(
            "ecology.zones", Names("生态环境分区管控", "Eco-zoning"), "ecology:zones_layer", VIEW,
            geometry="polygon", timed=True, visible=False, order=4,
        ),
        MapLayer(
            "ecology.shorelines", Names("河湖岸线", "Shorelines"), "ecology:shorelines_layer", VIEW,
            geometry="polygon", timed=True, visible=False, order=4,
        ),
        MapLayer(
            "ecology.wetlands", Names("湿地", "Wetlands"), "ecology:wetlands_layer", VIEW,
            geometry="polygon", visible=False, order=5,
        ),
    ),
    finding_kinds=(
        FindingKind("ecology.red_line", Names("生态保护红线内变化", "Change in the red line"), "FOREST", severity=3),
        FindingKind("ecology.patrol", Names("巡护发现问题", "Found on patrol"), "FOREST", severity=2),
        FindingKind("ecology.alien", Names("外来入侵物种", "Alien species"), "FOREST", severity=2),
        FindingKind("ecology.disease", Names("野生动物疫病异常", "Wildlife disease"), "FOREST", severity=3),
        FindingKind("ecology.shield_overdue", Names("绿盾整改逾期", "Green Shield overdue"), "DUTY", severity=3),
    ),
    tasks=(
        PeriodicTask("ecology.tasks.watch", 3600, Names("核对红线内变化", "Watch changes inside the red line")),
        PeriodicTask(COMPUTE, 86400, Names("计算生态指标", "Compute the indicators of ecology")),
    ),
    indicators=(
        Indicator("ecology.patrol_coverage", COMPUTE, Names("巡护网格覆盖率", "Patrolled grids")),
        Indicator("ecology.red_line_area", COMPUTE, Names("生态保护红线面积", "Area of the red line")),
        Indicator("ecology.wetland_balance", COMPUTE, Names("湿地占补平衡", "Balance of wetlands")),
        Indicator("ecology.restoration", COMPUTE, Names("重点区域生态修复进度", "Restoration done")),
    ),
    registers=(
        _register(
            "eco-zones", "管控单元与三线", "Control units and lines", "EcoZone",
            columns=("number", "code", "version", "name_zh", "kind", "valid_from_date", "valid_to_date"),
            fields=("code", "version", "name_zh", "kind", "region", "outline", "layout_rule", "emission_rule",
                    "risk_rule", "resource_rule", "valid_from_date", "valid_to_date", "document"),
            filters=("kind", "region"), search=("code", "name_zh"), key=("code", "version"), prefix="FQ", order=985,
        ),
        _register(
            "shorelines", "河湖岸线", "Shorelines", "Shoreline",
            columns=("number", "code", "version", "name_zh", "water", "bank", "function", "length_km",
                     "valid_from_date", "valid_to_date"),
            fields=("code", "version", "name_zh", "water", "bank", "function", "length_km", "region", "outline",
                    "requirement", "valid_from_date", "valid_to_date", "document"),
            filters=("water", "bank", "function", "region"), search=("code", "name_zh", "water"),
            key=("code", "version"), prefix="AX", order=985,
        ),
        _register(
            "green-shield", "绿盾问题点位", "Green Shield points", "GreenShieldPoint",
            columns=("number", "reserve", "function_zone", "problem", "found_date", "due_at", "state"),
            fields=("reserve", "function_zone", "problem", "source", "found_date", "region", "due_at", "longitude",
                    "latitude"),
            filters=("state", "function_zone", "region"), search=("reserve", "problem"),
            key=("reserve", "longitude", "latitude", "found_date"), prefix="LD", workflow="green_shield",
            overdue="ecology.shield_overdue", geometry=True, order=986,
        ),
        _register(
            "red-line-changes", "红线内人为活动变化", "Changes seen at the red line", "RedLineChange",
            columns=("number", "activity", "source", "detected_date", "inside_zone", "inside_area", "state"),
            fields=("activity", "source", "detected_date", "region", "outline", "longitude", "latitude"),
            filters=("state", "region"), search=("activity", "inside_zone"), prefix="HX",
            workflow="red_line_change", geometry=True, order=987,
        ),
        _register(
            "patrol-grids", "生物多样性巡护网格", "Patrol grids", "PatrolGrid",
            columns=("number", "name_zh", "kind", "region", "per_month", "patroller"),
            fields=("name_zh", "kind", "region", "outline", "per_month", "patroller"),
            filters=("kind", "region"), search=("name_zh", "patroller"), key=("name_zh",), prefix="XG", order=988,
        ),
        _register(
            "patrol-visits", "巡护记录", "Patrols", "PatrolVisit",
            columns=("number", "grid", "patrol_date", "patroller", "found"),
            fields=("grid", "patrol_date", "patroller", "track", "found", "region", "longitude", "latitude"),
            search=("grid", "patroller", "found"), key=("grid", "patrol_date", "patroller"), prefix="XH",
            geometry=True, order=989,
        ),
        _register(
            "wildlife-surveys", "野生动植物调查", "Wildlife surveys", "WildlifeSurvey",
            columns=("number", "species_zh", "species_latin", "protection", "surveyed_date", "count", "place"),
            fields=("species_zh", "species_latin", "protection", "surveyed_date", "count", "place", "method",
                    "region", "longitude", "latitude"),
            filters=("protection", "region"), search=("species_zh", "species_latin", "place"),
            key=("species_zh", "place", "surveyed_date"), prefix="YS", geometry=True, order=990,
        ),
        _register(
            "alien-finds", "外来入侵物种", "Alien species", "AlienFind",
            columns=("number", "species_zh", "species_latin", "listing", "found_date", "area", "state"),
            fields=("species_zh", "species_latin", "listing", "found_date", "area", "impact", "region", "longitude",
                    "latitude"),
            filters=("listing", "state", "region"), search=("species_zh", "species_latin"),
            key=("species_zh", "found_date", "longitude", "latitude"), prefix="WL", workflow="alien_find",
            geometry=True, order=991,
        ),
        _register(
            "disease-stations", "疫源疫病监测站", "Disease stations", "DiseaseStation",
            columns=("number", "name_zh", "region", "since_date", "until_date"),
            fields=("name_zh", "region", "since_date", "until_date", "longitude", "latitude"), filters=("region",),
            search=("name_zh",), key=("name_zh",), prefix="YD", geometry=True, order=992,
        ),
        _register(
            "disease-reports", "疫源疫病日报", "Daily reports of disease", "DiseaseReport",
            columns=("number", "station", "report_date", "kind", "species_zh", "dead", "told"),
            fields=("station", "report_date", "kind", "species_zh", "dead", "told", "region", "longitude", "latitude"),
            filters=("kind",), search=("station", "species_zh", "told"), key=("station", "report_date"),
            prefix="YR", order=993,
        ),
        _register(
            "germplasm", "种质资源", "Germplasm", "Germplasm",
            columns=("number", "name_zh", "kind", "holder", "place", "samples", "use"),
            fields=("name_zh", "kind", "holder", "place", "samples", "use", "region", "longitude", "latitude"),
            filters=("kind", "region"), search=("name_zh", "holder"), key=("name_zh", "holder"), prefix="ZY",
            geometry=True, order=994,
        ),
        _register(
            "wetlands", "湿地名录", "Wetlands", "Wetland",
            columns=("number", "name_zh", "level", "region", "area", "listed_date", "document"),
            fields=("name_zh", "level", "region", "area", "outline", "listed_date", "document", "longitude",
                    "latitude"),
            filters=("level", "region"), search=("name_zh",), key=("name_zh",), prefix="SD", geometry=True,
            public=("name_zh", "level", "area", "listed_date", "document"), order=995,
        ),
        _register(
            "wetland-markers", "湿地界碑界桩", "Wetland markers", "WetlandMarker",
            columns=("number", "wetland", "code", "kind", "condition", "checked_date"),
            fields=("wetland", "code", "kind", "condition", "checked_date", "region", "longitude", "latitude"),
            filters=("kind", "condition"), search=("wetland", "code"), key=("wetland", "code"), prefix="JZ",
            geometry=True, order=996,
        ),
        _register(
            "wetland-uses", "湿地占用与补充", "Wetland taken and given back", "WetlandUse",
            columns=("number", "kind", "project", "region", "area", "approved_date", "document"),
            fields=("kind", "project", "region", "area", "approved_date", "document", "longitude", "latitude"),
            filters=("kind", "region"), search=("project", "document"), key=("kind", "project", "approved_date"),
            prefix="SZ", geometry=True, order=997,
        ),
        _register(
            "natural-forests", "天然林分级", "Grades of natural forest", "NaturalForest",
            columns=("number", "plot_code", "grade", "region", "area"),
            fields=("plot_code", "grade", "region", "area", "outline", "longitude", "latitude"),
            filters=("grade", "region"), search=("plot_code",), key=("plot_code",), prefix="TL", geometry=True,
            order=998,
        ),
        _register(
            "restoration-areas", "生态修复重点区域", "Restoration areas", "RestorationArea",
            columns=("number", "name_zh", "region", "aim"),
            fields=("name_zh", "region", "outline", "aim", "longitude", "latitude"), filters=("region",),
            search=("name_zh", "aim"), key=("name_zh",), prefix="XF", geometry=True, order=999,
        ),
        _register(
            "restoration-projects", "生态修复项目", "Restoration projects", "RestorationProject",
            columns=("number", "area", "name_zh", "planned", "done", "invested", "ends_date"),
            fields=("area", "name_zh", "region", "planned", "done", "invested", "ends_date", "longitude", "latitude"),
            filters=("region",), search=("area", "name_zh"), key=("area", "name_zh"), prefix="XM", geometry=True,
            order=1000,
        ),
        _register(
            "status-reports", "生态状况评估", "Ecological status", "StatusReport",
            columns=("number", "kind", "place", "year", "index", "value", "method", "report_number"),
            fields=("kind", "place", "region", "year", "method", "index", "value", "report_number"),
            filters=("kind", "year", "method"), search=("place", "index", "report_number"),
            key=("place", "year", "method", "index"), prefix="ST", order=1001,
        ),
    ),
    reports=(
        Report(
            code="ecology-year",
            names=Names("生态状况年报", "Yearly report on ecology"),
            function="ecology.services.year_report",
            period="year",
            permission=VIEW,
            order=60,
        ),
    ),
    hooks=(
        Hook("record.eco-zones.create", "ecology.services.follow_version"),
        Hook("record.shorelines.create", "ecology.services.follow_shoreline"),
        Hook("record.red-line-changes.create", "ecology.services.watch_change"),
        Hook("record.patrol-visits.create", "ecology.services.watch_patrol"),
        Hook("record.alien-finds.create", "ecology.services.watch_alien"),
        Hook("record.disease-reports.create", "ecology.services.watch_disease"),
    ),
)  # fmt: skip
