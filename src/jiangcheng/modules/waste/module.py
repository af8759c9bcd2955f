"""The room 无废城市: ledgers of five wastes, hazardous waste with manifests, indicators, and the registers."""

import json
import pathlib
from typing import Any

from jiangcheng.core.manifest import (
    FacilityCard,
    FindingKind,
    HomeCard,
    Hook,
    Indicator,
    Manifest,
    MapLayer,
    Names,
    Page,
    PeriodicTask,
    Permission,
    Register,
)

VIEW, CITY, FILL, MANAGE, APPROVE = "waste.view", "waste.city", "waste.fill", "waste.manage", "waste.approve"
SEND, CARRY, RECEIVE = "waste.send", "waste.carry", "waste.receive"
PARTS = (
    "opening",
    "generated",
    "received",
    "used",
    "disposed",
    "sent_used",
    "sent_disposed",
    "exported",
    "closing",
)
LATE = "waste.work_overdue"
TABLE = pathlib.Path(__file__).parent / "data" / "indicators.json"
INDICATORS = json.loads(TABLE.read_text(encoding="utf-8"))[-1]["rows"]
"""The indicators of the latest edition, each with its formula."""


def _register(code: str, zh: str, en: str, model: str, change: str = MANAGE, **more: Any) -> Register:
    return Register(code=code, names=Names(zh, en), model=f"waste.{model}", view=VIEW, change=change, **more)


def _kind(code: str, zh: str, en: str, severity: int = 2) -> FindingKind:
    return FindingKind(f"waste.{code}", Names(zh, en), case_type="WASTE", severity=severity)


MANIFEST = Manifest(
    code="waste",
    names=Names("无废城市", "Zero-waste city"),
    permissions=(
        Permission(VIEW, Names("查看固体废物台账", "See the ledgers of wastes")),
        Permission(CITY, Names("查看全市固体废物指标与去向", "See the city's indicators and balances of wastes")),
        Permission(FILL, Names("填报固体废物台账", "Fill the ledgers of wastes")),
        Permission(MANAGE, Names("管理固体废物台账与登记", "Keep the registers of wastes")),
        Permission(APPROVE, Names("复核填报、验收与销号", "Check numbers, accept and close")),
        Permission(SEND, Names("联单：移出人签发", "Manifests: sign as generator")),
        Permission(CARRY, Names("联单：承运人签收", "Manifests: sign as carrier")),
        Permission(RECEIVE, Names("联单：接受人确认", "Manifests: sign as receiver")),
    ),
    pages=(
        Page("waste:overview", Names("无废城市", "Zero-waste city"), VIEW, "modules", "recycle", order=55),
        Page("waste:indicators", Names("无废指标", "Zero-waste indicators"), CITY, "modules", "gauge", order=56),
        Page("waste:hazardous", Names("危险废物监管", "Hazardous waste"), VIEW, "modules", "biohazard", order=57),
        Page("waste:manifests", Names("转移联单", "Manifests"), VIEW, "modules", "truck", order=58),
        Page("waste:lorries", Names("建筑垃圾运输", "Construction lorries"), VIEW, "modules", "truck", order=60),
        Page("waste:balances", Names("去向平衡", "Where wastes end"), CITY, "modules", "scale", order=59),
    ),
    finding_kinds=(
        _kind("imbalance", "危险废物物料不平衡", "Hazardous waste out of balance", 3),
        _kind("storage_overdue", "危险废物超期贮存", "Hazardous waste stored too long", 3),
        _kind("storage_full", "危险废物超量贮存", "Storage of hazardous waste too full", 3),
        _kind("over_licence", "超许可接收危险废物", "More received than licensed", 3),
        _kind("ratio", "产废强度异常", "Unusual waste per product"),
        _kind("manifest_overdue", "联单逾期未办", "Manifest not dealt with in time"),
        _kind("manifest_difference", "联单数量差异", "Quantity of a manifest differs", 3),
        _kind("manifest_rejected", "危险废物被拒收", "Hazardous waste rejected", 3),
        _kind("track", "运输轨迹偏离", "Transport left its route"),
        _kind("plan_missing", "管理计划未备案", "Management plan not filed"),
        _kind("medical_late", "医疗废物收运超时", "Medical waste not collected in time", 3),
        _kind("pond_unchecked", "尾矿库汛期未检查", "Tailings pond not checked for the floods", 3),
        _kind("dump", "固体废物乱堆乱放", "Waste dumped"),
        _kind("lorry_stop", "建筑垃圾车辆场外停留", "Lorry stood away from permitted sites", 3),
        _kind("lorry_route", "建筑垃圾车辆偏离路线", "Lorry left its approved route"),
        _kind("lorry_hours", "建筑垃圾车辆时段外运输", "Lorry drove outside its hours"),
        _kind("work_overdue", "固体废物事项逾期", "Overdue work on wastes"),
    ),
    map_layers=(
        MapLayer(
            "waste.transport", Names("危险废物在途车辆", "Hazardous waste on the road"), "waste:transport_layer", VIEW,
            geometry="point", visible=False, order=60,
        ),
        MapLayer(
            "waste.units", Names("危险废物单位", "Units with hazardous waste"), "waste:units_layer", VIEW,
            geometry="point", visible=False, order=61,
        ),
    ),
    home_cards=(HomeCard("waste:card_home", CITY, slot="below", order=55),),
    facility_cards=(FacilityCard("waste:card_facility", Names("固体废物", "Wastes"), VIEW, order=60),),
    tasks=(
        PeriodicTask("waste.tasks.watch", 3_600, Names("固体废物巡查", "Watch wastes")),
        PeriodicTask("waste.tasks.compute_indicators", 86_400, Names("无废指标计算", "Compute zero-waste indicators")),
    ),
    indicators=tuple(
        Indicator(row["code"], "waste.tasks.compute_indicators", Names(row["name_zh"], row["name_en"]))
        for row in INDICATORS
    ),
    registers=(
        _register(
            "waste-months", "五类固废台账", "Ledgers of the five wastes", "WasteMonth", FILL,
            columns=("number", "facility", "unit", "stream", "code", "month_date", "generated", "closing"),
            fields=("facility", "region", "unit", "stream", "code", "waste_name", "month_date", *PARTS,
                    "product", "power"),
            filters=("stream", "region"), search=("unit", "code", "waste_name", "facility__name_zh"),
            key=("unit", "stream", "code", "month_date"), prefix="GF", on_file=True, order=560,
        ),
        _register(
            "waste-plans", "危险废物管理计划", "Management plans", "WastePlan", FILL,
            columns=("number", "facility", "year", "grade", "code", "generate", "entrust", "state", "due_at"),
            fields=("facility", "year", "grade", "code", "waste_name", "generate", "store_most", "own", "entrust",
                    "receiver_code", "measures"),
            filters=("year", "grade", "state", "region"), search=("code", "waste_name", "facility__name_zh"),
            key=("facility", "year", "code"), prefix="JH", workflow="waste_plan", overdue=LATE, on_file=True,
            order=561,
        ),
        _register(
            "waste-stores", "危险废物贮存设施", "Storages of hazardous waste", "WasteStore", FILL,
            columns=("number", "facility", "code", "name_zh", "capacity", "checked_date", "signs"),
            fields=("facility", "code", "name_zh", "codes", "capacity", "checked_date", "signs", "longitude",
                    "latitude"),
            filters=("signs", "region"), search=("code", "name_zh", "facility__name_zh"), key=("facility", "code"),
            prefix="TS", on_file=True, geometry=True, order=562,
        ),
        _register(
            "waste-batches", "危险废物入库批次", "Batches in storage", "WasteBatch", FILL,
            columns=("number", "facility", "batch", "store", "code", "stored_date", "quantity", "left"),
            fields=("facility", "batch", "store", "code", "stored_date", "quantity", "left", "approved_date"),
            filters=("region",), search=("batch", "store", "code", "facility__name_zh"), key=("facility", "batch"),
            prefix="PC", order=563,
        ),
        _register(
            "waste-licences", "经营许可与运输资质", "Licences for hazardous waste", "WasteLicence",
            columns=("number", "facility", "kind", "licence", "codes", "capacity", "to_date"),
            fields=("facility", "kind", "licence", "codes", "capacity", "from_date", "to_date"),
            filters=("kind", "region"), search=("licence", "codes", "facility__name_zh"), key=("licence",),
            prefix="XK", on_file=True, order=564,
        ),
        _register(
            "waste-manifests", "危险废物转移联单", "Hazardous waste manifests", "Manifest", SEND,
            columns=("number", "facility", "carrier_code", "receiver_code", "declared", "weighed", "state", "due_at"),
            fields=("number", "facility", "carrier_code", "receiver_code", "plate", "departs_at", "approval", "route"),
            filters=("state", "region"), search=("number", "plate", "carrier_code", "receiver_code"),
            workflow="waste_manifest", overdue="waste.manifest_overdue",
            parties=(("carrier_code", CARRY), ("receiver_code", RECEIVE)), open_in=("draft",),
            cards=("waste:card_manifest",), on_file=True, order=565,
        ),
        _register(
            "waste-transfers", "危险废物跨省转移审批", "Approvals to leave the province", "TransferApproval", SEND,
            columns=("number", "facility", "receiver_code", "province", "code", "approved", "left", "until_date",
                     "state", "due_at"),
            fields=("facility", "receiver_code", "province", "code", "waste_name", "method", "asked", "until_date"),
            filters=("state", "method", "region"), search=("number", "document", "code", "receiver_code"),
            prefix="KS", workflow="waste_transfer", overdue=LATE, open_in=("draft",), on_file=True, order=565,
        ),
        _register(
            "waste-numbers", "无废指标填报", "Reported numbers", "ReportedNumber",
            columns=("number", "item", "year", "value", "department", "source", "state"),
            fields=("item", "year", "value", "department", "source"), filters=("item", "year", "state"),
            search=("department", "source"), key=("item", "year"), prefix="TB", workflow="waste_report", overdue=LATE,
            order=566,
        ),
        _register(
            "tailings-ponds", "尾矿库", "Tailings ponds", "TailingsPond",
            columns=("number", "name_zh", "region", "dam_class", "grade", "above_homes", "flood_date"),
            fields=("name_zh", "facility", "region", "mineral", "dam_class", "grade", "height", "capacity",
                    "above_homes", "water_metres", "seepage", "flood_date", "longitude", "latitude"),
            filters=("grade", "above_homes", "region"), search=("name_zh", "mineral"), key=("name_zh",), prefix="WK",
            geometry=True, cards=("waste:card_pond",), order=567,
        ),
        _register(
            "pond-hazards", "尾矿库隐患", "Hazards of tailings ponds", "PondHazard",
            columns=("number", "pond", "hazard", "found_date", "state", "due_at"),
            fields=("pond", "hazard", "measure", "found_date"), filters=("state", "region"),
            search=("pond", "hazard"), prefix="YH", workflow="waste_rectify", overdue=LATE, order=568,
        ),
        _register(
            "household-sites", "生活垃圾设施", "Household waste facilities", "HouseholdSite",
            columns=("number", "name_zh", "region", "kind", "capacity", "in_use"),
            fields=("name_zh", "facility", "region", "kind", "capacity", "in_use", "longitude", "latitude"),
            filters=("kind", "in_use", "region"), search=("name_zh",), key=("name_zh",), prefix="LJ", geometry=True,
            order=569,
        ),
        _register(
            "ash-sludge", "飞灰与污泥去向", "Fly ash and sludge", "AshMove", FILL,
            columns=("number", "facility", "kind", "month_date", "destination", "method", "sent", "received"),
            fields=("facility", "kind", "month_date", "destination", "method", "sent", "received"),
            filters=("kind", "method", "region"), search=("destination", "facility__name_zh"),
            key=("facility", "kind", "month_date", "destination"), prefix="FN", on_file=True, order=570,
        ),
        _register(
            "construction-sites", "建筑垃圾场所", "Construction waste sites", "ConstructionSite",
            columns=("number", "name_zh", "region", "kind", "permit", "permit_to_date", "planned", "handled"),
            fields=("name_zh", "region", "kind", "permit", "permit_to_date", "trucks", "planned", "handled",
                    "longitude", "latitude"),
            filters=("kind", "region"), search=("name_zh", "permit", "trucks"), key=("name_zh",), prefix="JZ",
            geometry=True, order=571,
        ),
        _register(
            "waste-trips", "建筑垃圾运单", "Trips of construction waste", "LorryTrip",
            columns=("number", "plate", "origin", "destination", "loaded_at", "unloaded_at", "load"),
            fields=("plate", "origin", "destination", "loaded_at", "unloaded_at", "load", "route", "from_time",
                    "to_time"),
            filters=("region",), search=("number", "plate", "origin", "destination"), key=("plate", "loaded_at"),
            prefix="YD", order=579,
        ),
        _register(
            "dump-sites", "乱堆乱放点位", "Dump sites", "DumpSite",
            columns=("number", "place", "region", "waste", "source", "found_date", "state", "due_at"),
            fields=("place", "waste", "source", "found_date", "area_m2", "tonnes", "longitude", "latitude"),
            filters=("source", "state", "region"), search=("place", "waste"), prefix="LD", workflow="waste_dump",
            geometry=True, order=572,
        ),
        _register(
            "plastic-checks", "塑料与过度包装检查", "Checks on plastics", "PlasticCheck",
            columns=("number", "kind", "target", "checked_date", "checked", "failed", "state", "due_at"),
            fields=("kind", "target", "facility", "region", "checked_date", "checked", "failed", "problem"),
            filters=("kind", "state", "region"), search=("target", "problem"), prefix="SL",
            workflow="waste_rectify", overdue=LATE, order=573,
        ),
        _register(
            "new-wastes", "新兴固体废物", "New kinds of waste", "NewWaste",
            columns=("number", "kind", "role", "unit", "year", "generated", "recycled", "closing"),
            fields=("kind", "role", "unit", "facility", "region", "year", "opening", "generated", "recycled", "moved",
                    "closing"),
            filters=("kind", "role", "year"), search=("unit",), key=("kind", "role", "unit", "year"), prefix="XF",
            order=574,
        ),
        _register(
            "medical-points", "医疗废物机构", "Institutions with medical waste", "MedicalPoint",
            columns=("number", "name_zh", "region", "beds", "covered", "collector", "collected_at"),
            fields=("name_zh", "region", "beds", "covered", "collector", "collected_at", "longitude", "latitude"),
            filters=("covered", "region"), search=("name_zh", "collector"), key=("name_zh",), prefix="YL",
            geometry=True, order=575,
        ),
        _register(
            "zero-waste-cells", "无废细胞", "Zero-waste cells", "ZeroWasteCell",
            columns=("number", "name_zh", "region", "kind", "score", "state", "due_at"),
            fields=("name_zh", "region", "kind", "score", "practice", "longitude", "latitude"),
            filters=("kind", "state", "region"), search=("name_zh", "practice"), key=("name_zh",), prefix="XB",
            workflow="waste_cell", overdue=LATE, geometry=True, public=("name_zh", "kind", "practice"),
            public_when=("named",), order=576,
        ),
        _register(
            "waste-tasks", "无废建设与共建任务", "Tasks, with Changchun too", "WasteTask",
            columns=("number", "name_zh", "joint", "lead", "partner", "state", "due_at"),
            fields=("name_zh", "joint", "lead", "partner", "measure", "due_at"), filters=("joint", "state"),
            search=("name_zh", "lead", "partner"), prefix="WF", workflow="waste_task", overdue=LATE, order=577,
        ),
        _register(
            "recycling-outlets", "再生资源回收网点", "Recycling outlets", "RecyclingOutlet",
            columns=("number", "name_zh", "region", "kind", "takes", "yearly"),
            fields=("name_zh", "region", "kind", "takes", "yearly", "longitude", "latitude"),
            filters=("kind", "region"), search=("name_zh", "takes"), key=("name_zh",), prefix="HS", geometry=True,
            public=("name_zh", "kind", "takes"), order=578,
        ),
    ),
    hooks=(
        Hook("person.todo", "waste.queries.to_do"),
        Hook("record.waste-manifests.issue", "waste.services.check_issue"),
        Hook("record.waste-manifests.ship", "waste.services.note_ship"),
        Hook("record.waste-manifests.arrive", "waste.services.note_arrival"),
        Hook("record.waste-manifests.confirm", "waste.services.check_confirm"),
        Hook("record.waste-manifests.differ", "waste.services.note_difference"),
        Hook("record.waste-manifests.reject", "waste.services.note_rejection"),
        Hook("record.waste-manifests.settle", "waste.services.note_settled"),
        Hook("record.waste-manifests.take_back", "waste.services.note_returned"),
        Hook("record.waste-manifests.backfill", "waste.services.note_paper"),
        Hook("record.waste-manifests.cancel", "waste.services.give_back"),
        Hook("record.waste-manifests.decline", "waste.services.give_back"),
        Hook("record.waste-transfers.apply", "waste.services.note_applied"),
        Hook("record.waste-transfers.consult", "waste.services.note_consulted"),
        Hook("record.waste-transfers.agree", "waste.services.note_agreed"),
        Hook("record.waste-transfers.approve", "waste.services.note_approved"),
        Hook("record.dump-sites.close", "waste.services.note_cleared"),
    ),
)  # fmt: skip
