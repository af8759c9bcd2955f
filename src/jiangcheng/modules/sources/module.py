"""The room 大气污染源: dust, fumes, coal, boilers, mobile sources, actions, toxics, ODS and odours."""

from typing import Any

from jiangcheng.core.manifest import (
    FindingKind,
    Hook,
    Manifest,
    Names,
    Page,
    PeriodicTask,
    Permission,
    Register,
)

VIEW, MANAGE = "sources.view", "sources.manage"


def _register(code: str, zh: str, en: str, model: str, **more: Any) -> Register:
    return Register(
        code=code, names=Names(zh, en), model=f"sources.{model}", view=VIEW, change=MANAGE, **more
    )


def _kind(code: str, zh: str, en: str, case_type: str, severity: int) -> FindingKind:
    return FindingKind(f"sources.{code}", Names(zh, en), case_type=case_type, severity=severity)


MANIFEST = Manifest(
    code="sources",
    names=Names("大气污染源", "Air pollution sources"),
    permissions=(
        Permission(VIEW, Names("查看大气污染源台账", "See the ledgers of air pollution sources")),
        Permission(MANAGE, Names("维护大气污染源台账", "Keep the ledgers of air pollution sources")),
    ),
    pages=(
        Page("sources:overview", Names("大气污染源", "Air pollution sources"), VIEW, "modules", "gauge", 60),
        Page("sources:burning", Names("禁燃区查询与举报", "No-burn zones"), VIEW, "modules", "triangle-alert", 61),
        Page("sources:odour", Names("恶臭溯源", "Odour candidates"), VIEW, "modules", "search", 62),
    ),
    finding_kinds=(
        _kind("dust", "扬尘超标", "Dust over the limit", "AIR", 2),
        _kind("burning", "禁燃区内燃烧", "Burning in a no-burn zone", "AIR", 3),
        _kind("coal_failed", "煤质抽检不合格", "Coal sample failed", "AIR", 2),
        _kind("emitter_overdue", "高排放车辆逾期未销号", "High emitter overdue", "DUTY", 2),
        _kind("emitter_entered", "高排放车辆进出企业", "High emitter at a gate", "AIR", 2),
        _kind("odour_over", "恶臭监测超标", "Odour monitor over the limit", "AIR", 2),
        _kind("action_overdue", "专项行动逾期", "Special action overdue", "DUTY", 2),
    ),
    tasks=(
        PeriodicTask("sources.tasks.watch_dust", every=600, names=Names("扬尘巡查", "Watch dust")),
        PeriodicTask(
            "sources.tasks.list_high_emitters",
            every=3600,
            names=Names("列出高排放车辆", "List high emitters"),
        ),
        PeriodicTask("sources.tasks.watch_odour", every=600, names=Names("恶臭巡查", "Watch odour")),
        PeriodicTask("sources.tasks.watch_gates", every=600, names=Names("门禁巡查", "Watch gates")),
    ),
    registers=(
        _register(
            "dust-sites", "扬尘源", "Dust sites", "DustSite",
            columns=("number", "name_zh", "kind", "region", "owner", "station_code", "checked_date", "state"),
            fields=("name_zh", "kind", "owner", "region", "longitude", "latitude", "fenced", "covered", "washed",
                    "paved", "wetted", "sealed", "checked_date", "station_code"),
            filters=("kind", "region", "state"), search=("name_zh", "owner"), key=("name_zh", "kind"),
            prefix="YC", workflow="dust_site", geometry=True, order=940,
        ),
        _register(
            "catering", "餐饮油烟", "Catering fumes", "Catering",
            columns=("number", "name_zh", "region", "size", "stoves", "purifier", "cleaned_date"),
            fields=("name_zh", "region", "facility", "longitude", "latitude", "stoves", "purifier",
                    "cleaned_date", "station_code"),
            filters=("size", "purifier", "region"), search=("name_zh",), key=("name_zh", "region"),
            prefix="CY", geometry=True, order=941,
        ),
        _register(
            "no-burn-zones", "高污染燃料禁燃区", "No-burn zones", "NoBurnZone",
            columns=("number", "name_zh", "category", "valid_from_date", "valid_to_date", "document"),
            fields=("name_zh", "category", "region", "outline", "valid_from_date", "valid_to_date", "document"),
            filters=("category",), search=("name_zh", "document"), key=("name_zh", "valid_from_date"),
            prefix="JR", order=942,
        ),
        _register(
            "coal-samples", "商品煤抽检", "Coal samples", "CoalSample",
            columns=("number", "seller", "region", "stage", "sampled_date", "sulphur", "ash", "verdict", "state"),
            fields=("seller", "facility", "region", "longitude", "latitude", "stage", "use", "coal",
                    "sampled_date", "sulphur", "ash"),
            filters=("verdict", "stage", "region", "state"), search=("seller",),
            key=("seller", "sampled_date", "coal"), prefix="MZ", workflow="coal_sample", on_file=True, order=943,
        ),
        _register(
            "coal-boilers", "燃煤锅炉", "Coal boilers", "Boiler",
            columns=("number", "name_zh", "facility", "capacity", "retrofit", "station_code"),
            fields=("name_zh", "facility", "capacity", "retrofit", "station_code", "reference_oxygen"),
            filters=("retrofit",), search=("name_zh", "facility__name_zh"), key=("facility", "name_zh"),
            prefix="GL", on_file=True, geometry=True, order=944,
        ),
        _register(
            "machines", "非道路移动机械", "Non-road machines", "Machine",
            columns=("number", "code", "kind", "stage", "power", "region", "registered_date"),
            fields=("code", "kind", "stage", "power", "owner", "facility", "region", "registered_date"),
            filters=("stage", "region"), search=("code", "kind"), key=("code",), prefix="FD",
            personal=("owner",), on_file=True, order=945,
        ),
        _register(
            "vehicle-tests", "定期检验与遥感监测", "Vehicle tests", "VehicleTest",
            columns=("number", "plate", "kind", "fuel", "place", "tested_date", "passed"),
            fields=("plate", "kind", "fuel", "place", "region", "tested_date", "opacity", "no_ppm", "passed"),
            filters=("kind", "fuel", "passed"), search=("plate", "place"),
            key=("plate", "kind", "place", "tested_date"), prefix="JC", order=946,
        ),
        _register(
            "high-emitters", "高排放车辆", "High emitters", "HighEmitter",
            columns=("number", "plate", "reason", "listed_date", "state", "due_at"),
            fields=("plate", "reason", "region", "listed_date"), filters=("state", "region"), search=("plate",),
            key=("plate", "listed_date"), prefix="GP", workflow="high_emitter",
            overdue="sources.emitter_overdue", order=947,
        ),
        _register(
            "transport", "运输台账（门禁）", "Transport ledger", "TransportEntry",
            columns=("number", "facility", "passed_at", "mode", "plate", "fuel", "stage", "goods", "tons"),
            fields=("facility", "passed_at", "mode", "plate", "fuel", "stage", "goods", "tons"),
            filters=("mode", "fuel", "stage"), search=("plate", "goods", "facility__name_zh"),
            key=("facility", "plate", "passed_at", "mode"), prefix="YT", on_file=True, order=948,
        ),
        _register(
            "special-actions", "移动源专项行动", "Special actions", "SpecialAction",
            columns=("number", "name_zh", "kind", "lead", "starts_date", "due_at", "state"),
            fields=("name_zh", "kind", "lead", "region", "starts_date", "due_at"), filters=("kind", "state"),
            search=("name_zh", "lead"), key=("name_zh", "starts_date"), prefix="ZX",
            workflow="special_action", overdue="sources.action_overdue", order=948,
        ),
        _register(
            "action-items", "专项行动检查项", "Action items", "ActionItem",
            columns=("number", "action_number", "target", "item", "result"),
            fields=("action_number", "target", "item", "region", "result", "note"),
            filters=("action_number", "result"), search=("action_number", "target", "item"),
            key=("action_number", "target", "item"), prefix="JX", order=949,
        ),
        _register(
            "toxic-results", "有毒有害大气污染物", "Toxic air pollutants", "ToxicResult",
            columns=("number", "facility", "substance", "value", "unit", "sampled_date", "list_version"),
            fields=("facility", "substance", "sampled_date", "point", "value", "unit"),
            filters=("substance", "list_version"), search=("facility__name_zh", "point"),
            key=("facility", "substance", "sampled_date", "point"), prefix="YD", on_file=True, order=950,
        ),
        _register(
            "ods-filings", "ODS与HFC备案", "ODS and HFC filings", "OdsFiling",
            columns=("number", "facility", "year", "substance", "activity", "quantity", "filing"),
            fields=("facility", "year", "substance", "activity", "quantity", "filing"),
            filters=("year", "substance", "activity"), search=("facility__name_zh", "filing"),
            key=("facility", "year", "substance", "activity"), prefix="XH", on_file=True, order=951,
        ),
        _register(
            "odour-sources", "恶臭源", "Odour sources", "OdourSource",
            columns=("number", "name_zh", "facility", "region", "smell", "process", "station_code"),
            fields=("name_zh", "facility", "region", "longitude", "latitude", "smell", "process", "station_code"),
            filters=("region",), search=("name_zh", "smell"), key=("name_zh", "region"), prefix="EC",
            on_file=True, geometry=True, order=952,
        ),
    ),
    hooks=(
        Hook("record.coal-samples.judge", "sources.services.judge_sample"),
        Hook("record.coal-samples.close", "sources.services.check_sample_handled"),
        Hook("record.high-emitters.close", "sources.services.check_retest"),
        Hook("record.special-actions.close", "sources.services.check_action_done"),
    ),
)  # fmt: skip
