"""The room 生态安全与应急: hazards, emergencies, supplies, chemicals, new pollutants, radiation."""

from typing import Any

from jiangcheng.core.manifest import (
    FindingKind,
    HomeCard,
    Hook,
    Indicator,
    Manifest,
    MapLayer,
    Names,
    NotificationKind,
    Page,
    PeriodicTask,
    Permission,
    Register,
)

VIEW, MANAGE, COMMAND, ACT = "safety.view", "safety.manage", "safety.command", "safety.act"


def _register(code: str, zh: str, en: str, model: str, **more: Any) -> Register:
    given = {"view": VIEW, "change": MANAGE, **more}
    return Register(code=code, names=Names(zh, en), model=f"safety.{model}", **given)


def _kind(code: str, zh: str, en: str, severity: int, case_type: str = "DUTY") -> FindingKind:
    return FindingKind(f"safety.{code}", Names(zh, en), case_type=case_type, severity=severity)


PLACE = ("longitude", "latitude")

MANIFEST = Manifest(
    code="safety",
    names=Names("生态安全与应急", "Safety and emergencies"),
    permissions=(
        Permission(VIEW, Names("查看生态安全与应急", "See safety and emergencies")),
        Permission(MANAGE, Names("管理台账、接报与研判", "Keep the registers, take and judge reports")),
        Permission(COMMAND, Names("应急指挥：启动、升级、终止", "Command: start, raise, end")),
        Permission(ACT, Names("签收和办理应急指令", "Acknowledge and carry out orders")),
    ),
    pages=(
        Page("safety:centre", Names("应急指挥", "Emergency command"), VIEW, "act", "triangle-alert", 40),
        Page("safety:orders", Names("我的应急指令", "My emergency orders"), ACT, "act", "smartphone", 41),
        Page("safety:stock", Names("应急物资", "Emergency supplies"), VIEW, "modules", "database", 1000),
        Page("safety:contacts", Names("应急通讯录", "Emergency contacts"), VIEW, "modules", "contact", 1001),
        Page("safety:chemicals", Names("有毒有害化学品", "Toxic chemicals"), VIEW, "modules", "list-checks", 1002),
        Page("safety:pollutants", Names("新污染物", "New pollutants"), VIEW, "modules", "network", 1003),
        Page("safety:radiation", Names("辐射环境", "Radiation"), VIEW, "modules", "radio-tower", 1004),
    ),
    finding_kinds=(
        _kind("hazard_overdue", "生态安全隐患逾期未复核", "Eco-safety hazard not reviewed", 2),
        _kind("task_overdue", "会商任务逾期", "Task of a consultation overdue", 2),
        _kind("plan_overdue", "应急预案逾期未修订", "Emergency plan not revised", 2),
        _kind("check_overdue", "风险源逾期未排查", "Risk unit not checked", 2),
        _kind("risk_overdue", "环境隐患逾期未整改", "Risk hazard not rectified", 3),
        _kind("stock_expiring", "应急物资临近或超过有效期", "Emergency supplies expire", 2),
        _kind("permit_expiring", "辐射安全许可证临近或超过有效期", "Radiation permit expires", 2),
        _kind("agreement_expired", "联防联控协议到期", "Joint control agreement expired", 1),
        _kind("order_late", "应急指令逾期", "Emergency order late", 4),
        _kind("notice_late", "上下游通报未按时签收", "Downstream notice not acknowledged", 4),
        _kind("clock_late", "突发环境事件环节超时", "Emergency clock exceeded", 4),
        _kind("dose_rate", "辐射剂量率异常", "Dose rate above background", 4, "RADIATION"),
    ),
    map_layers=(
        MapLayer("safety.events", Names("突发环境事件", "Emergencies"), "safety:events_layer", VIEW,
                 geometry="point", order=95),
        MapLayer("safety.dose", Names("辐射剂量率", "Dose rates"), "safety:dose_layer", VIEW,
                 geometry="point", visible=False, order=49),
    ),
    home_cards=(HomeCard("safety:card", VIEW, "side", 8),),
    tasks=(
        PeriodicTask("safety.tasks.watch_dose_rates", every=300, names=Names("辐射剂量率巡查", "Watch dose rates")),
        PeriodicTask("safety.tasks.watch_clocks", every=60, names=Names("应急时限巡查", "Watch emergency clocks")),
        PeriodicTask("safety.tasks.record_indicators", every=3600,
                     names=Names("生态安全指标计算", "Compute safety indicators")),
    ),
    indicators=(
        Indicator("safety_hazards_on_time", "safety.tasks.record_indicators",
                  Names("隐患按期销号率", "Hazards closed on time")),
        Indicator("safety_clocks_met", "safety.tasks.record_indicators",
                  Names("应急环节按时率", "Emergency clocks met")),
        Indicator("safety_response_minutes", "safety.tasks.record_indicators",
                  Names("响应启动时间中位数", "Median time to the response")),
    ),
    notification_kinds=(
        NotificationKind("safety.order", Names("应急指令", "Emergency orders"), outside=True),
        NotificationKind("safety.event", Names("突发环境事件", "Emergencies"), outside=True),
    ),
    hooks=(
        Hook("person.todo", "safety.queries.to_do"),
        *(
            Hook(f"record.emergency-events.{action}", f"safety.services.{function}")
            for action, function in (
                ("judge", "judged"), ("respond", "responded"), ("monitor", "went_on"), ("dismiss", "went_on"),
                ("upgrade", "regraded"), ("upgrade_responding", "regraded"), ("upgrade_monitoring", "regraded"),
                ("downgrade", "regraded"), ("end", "ended"), ("evaluate", "went_on"),
            )
        ),
        *(
            Hook(f"record.emergency-orders.{action}", "safety.services.order_moved")
            for action in ("acknowledge", "finish", "cancel")
        ),
        *(
            Hook(f"record.downstream-notices.{action}", "safety.services.notice_moved")
            for action in ("acknowledge", "cancel")
        ),
        Hook("record.eco-hazards.review", "safety.services.hazard_reviewed"),
        Hook("record.eco-hazards.review_controlled", "safety.services.hazard_reviewed"),
        Hook("record.risk-units.check", "safety.services.unit_checked"),
        Hook("record.consultations.close", "safety.services.check_consultation"),
        Hook("record.radiation-sources.leave", "safety.services.check_departure"),
    ),
    registers=(
        _register(
            "emergency-events", "突发环境事件", "Emergency events", "EmergencyEvent",
            columns=("number", "drill", "name_zh", "kind", "level", "region", "received_at", "state"),
            fields=("name_zh", "kind", "received_at", "reporter", "place", "region", "facility", *PLACE, "cause",
                    "substance", "released_kg", "deaths", "hurt", "evacuated", "loss", "intake", "lost_class",
                    "crossing"),
            filters=("drill", "kind", "level", "state", "region"), search=("number", "name_zh", "place"),
            prefix="TF", personal=("reporter",), workflow="emergency_event", on_file=True, icon="triangle-alert",
            cards=("safety:event_card",), order=1010,
        ),
        _register(
            "emergency-orders", "应急指令", "Emergency orders", "EmergencyOrder", view=ACT, change=COMMAND,
            columns=("number", "drill", "event_number", "title", "department", "answer_by", "state"),
            fields=(), filters=("drill", "state"), search=("number", "event_number", "title", "department"),
            prefix="ZL", workflow="emergency_order", overdue="safety.order_late", order=1011,
        ),
        _register(
            "downstream-notices", "上下游通报", "Downstream notices", "DownstreamNotice",
            columns=("number", "drill", "event_number", "partner", "answer_by", "state"),
            fields=(), filters=("drill", "state"), search=("number", "event_number", "partner"),
            prefix="TB", workflow="downstream_notice", overdue="safety.notice_late", order=1012,
        ),
        _register(
            "event-releases", "信息报告与发布", "Reports and releases", "EventRelease",
            columns=("number", "drill", "event_number", "kind", "addressee", "sent_at"),
            fields=(), filters=("drill", "kind"), search=("event_number", "addressee"), prefix="XB", order=1013,
        ),
        _register(
            "emergency-plans", "应急预案", "Emergency plans", "EmergencyPlan",
            columns=("number", "name_zh", "kind", "facility", "level", "issued_date", "review_date", "drilled_date"),
            fields=("name_zh", "kind", "facility", "region", "level", "filing", "issued_date", "review_date",
                    "drilled_date"),
            filters=("kind", "level", "region"), search=("name_zh", "filing"), key=("name_zh",), prefix="YA",
            overdue="safety.plan_overdue", on_file=True, order=1014,
        ),
        _register(
            "plan-cards", "应急处置卡", "Plan cards", "PlanCard",
            columns=("number", "plan_number", "kind", "level", "phase", "title", "department", "minutes"),
            fields=("plan_number", "kind", "level", "phase", "title", "text", "department", "minutes"),
            filters=("kind", "level", "phase"), search=("title", "department", "plan_number"),
            key=("plan_number", "kind", "phase", "title"), prefix="CK", order=1015,
        ),
        _register(
            "eco-hazards", "生态安全隐患清单", "Eco-safety hazards", "EcoHazard",
            columns=("number", "name_zh", "kind", "level", "region", "owner", "review_date", "state"),
            fields=("name_zh", "kind", "level", "region", *PLACE, "owner", "measure", "review_date"),
            filters=("kind", "level", "region", "state"), search=("name_zh", "owner"), key=("name_zh",), prefix="ST",
            workflow="eco_hazard", overdue="safety.hazard_overdue", geometry=True, order=1016,
        ),
        _register(
            "consultations", "生态安全会商", "Consultations", "Consultation",
            columns=("number", "name_zh", "held_date", "chair", "state"),
            fields=("name_zh", "held_date", "chair", "attended", "situation", "conclusion"), filters=("state",),
            search=("name_zh", "conclusion"), key=("name_zh", "held_date"), prefix="HS", workflow="consultation",
            cards=("safety:consultation_card",), order=1017,
        ),
        _register(
            "consultation-tasks", "会商任务", "Tasks of consultations", "ConsultationTask",
            columns=("number", "consultation_number", "task", "owner", "term_date", "state"),
            fields=("consultation_number", "task", "owner", "term_date"), filters=("state",),
            search=("consultation_number", "task", "owner"), prefix="HR", workflow="consultation_task",
            overdue="safety.task_overdue", order=1018,
        ),
        _register(
            "coordination-members", "协调机制成员单位", "Coordination members", "CoordinationMember",
            columns=("number", "department", "contact", "duty_phone", "at_report", "at_judge", "at_respond",
                     "at_monitor", "at_end", "at_evaluate"),
            fields=("department", "duty", "contact", "mobile", "duty_phone", "at_report", "at_judge", "at_respond",
                    "at_monitor", "at_end", "at_evaluate"),
            search=("department", "duty"), key=("department",), prefix="XT", personal=("contact", "mobile"),
            order=1019,
        ),
        _register(
            "risk-units", "环境风险源", "Risk units", "RiskUnit",
            columns=("number", "name_zh", "facility", "level", "substances", "checked_date", "due_at", "state"),
            fields=("name_zh", "facility", "region", *PLACE, "level", "substances", "largest_tons", "q_ratio"),
            filters=("level", "region", "state"), search=("name_zh", "substances", "facility__name_zh"),
            key=("name_zh",), prefix="FX", workflow="risk_unit", overdue="safety.check_overdue", on_file=True,
            geometry=True, order=1020,
        ),
        _register(
            "risk-hazards", "环境隐患", "Risk hazards", "RiskHazard",
            columns=("number", "unit_number", "facility", "level", "found_date", "term_date", "state"),
            fields=("unit_number", "facility", "region", "level", "description", "found_date", "term_date"),
            filters=("level", "state", "region"), search=("unit_number", "description"), prefix="YH",
            workflow="risk_hazard", overdue="safety.risk_overdue", on_file=True, order=1021,
        ),
        _register(
            "warehouses", "应急物资库", "Warehouses", "Warehouse",
            columns=("number", "name_zh", "region", "duty_phone", "address"),
            fields=("name_zh", "region", *PLACE, "keeper", "mobile", "duty_phone", "address"), filters=("region",),
            search=("name_zh", "address"), key=("name_zh",), prefix="WK", personal=("keeper", "mobile"),
            geometry=True, order=1022,
        ),
        _register(
            "stock-items", "应急物资批次", "Stock", "StockItem",
            columns=("number", "warehouse_number", "item", "spec", "quantity", "unit", "minimum", "expires_date"),
            fields=("warehouse_number", "item", "spec", "unit", "minimum", "expires_date"), filters=("item",),
            search=("warehouse_number", "spec"), prefix="WZ", overdue="safety.stock_expiring",
            cards=("safety:stock_card",), order=1023,
        ),
        _register(
            "rescue-teams", "救援队伍", "Rescue teams", "RescueTeam",
            columns=("number", "name_zh", "kind", "region", "people", "ready_minutes", "duty_phone"),
            fields=("name_zh", "kind", "region", *PLACE, "people", "equipment", "ready_minutes", "duty_phone"),
            filters=("kind", "region"), search=("name_zh",), key=("name_zh",), prefix="JY", geometry=True, order=1024,
        ),
        _register(
            "experts", "应急专家", "Experts", "Expert", columns=("number", "name", "specialty", "unit"),
            fields=("name", "specialty", "unit", "mobile"), search=("specialty", "unit"), key=("name", "unit"),
            prefix="ZJ", personal=("name", "mobile"), order=1025,
        ),
        _register(
            "partners", "上下游联防单位", "Joint control partners", "Partner",
            columns=("number", "name_zh", "side", "river", "agreement", "expires_date", "duty_phone"),
            fields=("name_zh", "side", "river", *PLACE, "agreement", "signed_date", "expires_date", "duty_phone"),
            filters=("side",), search=("name_zh", "river"), key=("name_zh", "river"), prefix="LF",
            overdue="safety.agreement_expired", order=1026,
        ),
        _register(
            "receptors", "敏感目标", "Receptors", "Receptor",
            columns=("number", "name_zh", "kind", "region", "people", "duty_phone"),
            fields=("name_zh", "kind", "region", *PLACE, "people", "duty_phone"), filters=("kind", "region"),
            search=("name_zh",), key=("name_zh", "kind"), prefix="MG", geometry=True, order=1027,
        ),
        _register(
            "population-points", "人口点", "Population points", "PopulationPoint",
            columns=("number", "code", "name_zh", "kind", "region", "people", "radius", "counted_date"),
            fields=("code", "name_zh", "kind", "region", *PLACE, "people", "radius", "within", "counted_date",
                    "source"),
            filters=("kind", "region"), search=("name_zh", "code"), key=("code",), prefix="RK", geometry=True,
            order=1027,
        ),
        _register(
            "river-points", "沿江点位", "Points along rivers", "RiverPoint",
            columns=("number", "river", "name_zh", "kind", "kilometre", "partner_number"),
            fields=("river", "name_zh", "kind", "kilometre", *PLACE, "partner_number"), filters=("river", "kind"),
            search=("name_zh", "river"), key=("river", "name_zh"), prefix="YJ", geometry=True, order=1028,
        ),
        _register(
            "river-stretches", "应急推演河段", "Reaches for river forecasts", "RiverReach",
            columns=("number", "river", "name_zh", "from_kilometre", "to_kilometre", "width", "slope", "flow",
                     "measured_date"),
            fields=("river", "name_zh", "from_kilometre", "to_kilometre", "width", "depth", "slope", "flow",
                    "measured_date"),
            filters=("river",), search=("name_zh", "river"), key=("river", "name_zh"), prefix="HD", order=1028,
        ),
        _register(
            "toxic-chemicals", "有毒有害化学品", "Toxic chemicals", "ToxicChemical",
            columns=("number", "facility", "substance", "year", "activity", "tons", "list_version"),
            fields=("facility", "substance", "year", "activity", "tons", "measure"),
            filters=("substance", "year", "activity", "list_version"), search=("facility__name_zh",),
            key=("facility", "substance", "year", "activity"), prefix="YP", on_file=True, order=1029,
        ),
        _register(
            "pollutant-uses", "新污染物调查", "New pollutants in units", "PollutantUse",
            columns=("number", "facility", "substance", "year", "activity", "kilograms", "list_version"),
            fields=("facility", "substance", "year", "activity", "kilograms"),
            filters=("substance", "year", "activity"), search=("facility__name_zh",),
            key=("facility", "substance", "year", "activity"), prefix="XW", on_file=True, order=1030,
        ),
        _register(
            "pollutant-results", "新污染物监测", "Results of new pollutants", "PollutantResult",
            columns=("number", "substance", "point", "medium", "sampled_date", "value", "unit", "below_limit"),
            fields=("substance", "point", "medium", "facility", "region", *PLACE, "sampled_date", "value", "unit",
                    "below_limit", "screening", "screening_source"),
            filters=("substance", "medium"), search=("point",), key=("substance", "point", "medium", "sampled_date"),
            prefix="XJ", on_file=True, geometry=True, order=1031,
        ),
        _register(
            "pollutant-assessments", "新污染物风险评估", "Assessments of new pollutants", "PollutantAssessment",
            columns=("number", "substance", "assessed_date", "quotient", "verdict"),
            fields=("substance", "assessed_date", "method", "quotient", "verdict", "measure"),
            filters=("substance", "verdict"), search=("method",), key=("substance", "assessed_date"), prefix="XP",
            order=1032,
        ),
        _register(
            "radiation-sources", "放射源", "Radiation sources", "RadiationSource",
            columns=("number", "code", "nuclide", "source_class", "facility", "permit_expires_date", "state"),
            fields=("code", "source_class", "activity_bq", "made_date", "facility", "region", "purpose", "location",
                    "permit", "permit_expires_date"),
            filters=("source_class", "nuclide", "state"), search=("code", "facility__name_zh"), key=("code",),
            prefix="FS", workflow="radiation_source", overdue="safety.permit_expiring", on_file=True,
            cards=("safety:source_card",), order=1033,
        ),
        _register(
            "radiation-devices", "射线装置", "Radiation devices", "RadiationDevice",
            columns=("number", "name_zh", "device_class", "facility", "location", "permit_expires_date"),
            fields=("name_zh", "model_code", "device_class", "facility", "region", "location", "permit",
                    "permit_expires_date"),
            filters=("device_class",), search=("name_zh", "facility__name_zh"), prefix="SX",
            key=("name_zh", "model_code"), overdue="safety.permit_expiring", on_file=True, order=1034,
        ),
        _register(
            "source-moves", "放射源转移", "Movements of sources", "SourceMove",
            columns=("number", "source_code", "kind", "moved_date", "from_unit", "to_unit", "approval"),
            fields=("source_code", "kind", "moved_date", "from_unit", "to_unit", "approval", "facility"),
            filters=("kind",), search=("source_code", "from_unit", "to_unit"),
            key=("source_code", "kind", "moved_date"), prefix="FZ", order=1035,
        ),
    ),
)  # fmt: skip
