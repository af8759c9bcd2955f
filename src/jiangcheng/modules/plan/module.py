"""The room 规划目标: the two plans as targets, tasks, projects, evaluations and scores."""

from typing import Any

from jiangcheng.core.manifest import (
    FindingKind,
    HomeCard,
    Hook,
    Indicator,
    Manifest,
    Names,
    Page,
    PeriodicTask,
    Permission,
    Register,
)

VIEW, MANAGE, REVIEW = "plan.view", "plan.manage", "plan.review"
BOUND = (
    ("city_builtup_black_odorous_2027", "建成区黑臭水体数", "Black waters in the built-up area"),
    ("city_urban_rural_black_odorous", "城乡黑臭水体数", "Black waters in town and country"),
    ("city_rural_black_odorous_2035", "农村黑臭水体数", "Rural black waters"),
    ("city_beautiful_river_ratio_2027", "美丽河湖建成率", "Beautiful rivers and lakes built"),
    ("city_outfall_supervision_system", "入河排污口监管体系", "Supervision of outfalls to rivers"),
    ("city_coal_boiler_ultralow", "燃煤锅炉超低排放达标率", "Coal boilers at ultra-low emission"),
    ("city_catering_fume_purifier", "大中型餐饮油烟净化安装率", "Fume purifiers installed"),
    ("city_rural_sewage_2035", "农村生活污水治理管护利用率", "Rural sewage treated and kept"),
    ("city_rural_garbage_collection_2035", "农村生活垃圾收集率", "Rural waste collected"),
    ("city_manure_utilisation_2035", "畜禽粪污综合利用率", "Manure used"),
    ("city_enforcement_equipment_2027", "执法装备配备率", "Enforcement equipment"),
    ("city_encroachment_issues_zero", "侵占破坏生态问题清零", "Encroachments cleared"),
    ("city_green_mines_large_2028", "大型绿色矿山比例", "Large green mines"),
    ("city_green_mines_medium_2028", "中型绿色矿山比例", "Medium green mines"),
    ("city_plan_annual_action", "年度行动方案", "Annual action programme"),
    ("city_platform_modules_2027", "监管平台主体模块数", "Modules of the platform"),
    ("city_unified_pc_portal_2035", "统一门户", "One portal"),
    ("city_one_map_2035", "“一张图”", "One map"),
    ("city_mobile_app_2035", "统一移动门户", "One mobile portal"),
    ("city_digital_business_2035", "重要业务数字化数", "Main businesses digital"),
)
"""Targets that follow from registers; how, is in ``data/bindings.json``."""


def _register(code: str, zh: str, en: str, model: str, order: int, **more: Any) -> Register:
    given: dict[str, Any] = {"view": VIEW, "change": MANAGE, "group": "account", "order": order, **more}
    return Register(code=code, names=Names(zh, en), model=f"plan.{model}", **given)


def _page(url: str, zh: str, en: str, icon: str, order: int) -> Page:
    return Page(f"plan:{url}", Names(zh, en), VIEW, group="account", icon=icon, order=order)


MANIFEST = Manifest(
    code="plan",
    names=Names("规划目标", "Plan targets"),
    permissions=(
        Permission(MANAGE, Names("填报指标、推进任务、维护台账", "Report targets and keep the plan's registers")),
        Permission(REVIEW, Names("复核填报、批准调整、评估评分", "Review reports, approve, evaluate and score")),
    ),
    pages=(
        _page("targets", "规划目标", "Plan targets", "target", 10),
        _page("programme", "年度行动方案", "Action programme", "calendar-check", 11),
        _page("leads", "牵头单位确认", "Lead units", "user-check", 12),
        _page("matrix", "责任矩阵", "Duty matrix", "grid-3x3", 12),
        _page("projects", "重大工程", "Major projects", "hard-hat", 13),
        _page("evaluations", "规划评估", "Evaluations", "file-check", 14),
        _page("scores", "区县评分", "County scores", "medal", 15),
        _page("province", "省级汇总", "Province", "layers", 16),
        _page("systems", "系统清单", "Systems of the plans", "list-checks", 17),
    ),
    home_cards=(HomeCard("plan:card_targets", VIEW, slot="targets", order=10),),
    finding_kinds=(
        FindingKind("plan.duty_overdue", Names("年度任务节点逾期", "Milestone of a duty overdue"), "DUTY", 2),
        FindingKind("plan.report_overdue", Names("指标填报复核逾期", "Review of a report overdue"), "DUTY", 1),
    ),
    tasks=(
        PeriodicTask("plan.tasks.compute_indicators", 600, Names("规划指标计算", "Compute plan targets")),
    ),
    indicators=tuple(
        Indicator(code, "plan.tasks.compute_indicators", Names(zh, en)) for code, zh, en in BOUND
    ),
    registers=(
        _register(
            "plan-reports", "指标填报", "Reported values", "TargetReport", 110,
            columns=("number", "target", "year", "value", "unit_code", "through_date", "state"),
            fields=("target", "year", "value", "through_date", "unit_code", "document", "note", "revises"),
            filters=("target", "year", "unit_code", "state"), search=("target", "document", "note"),
            prefix="ZB", workflow="plan_report", overdue="plan.report_overdue", icon="pencil-line",
        ),
        _register(
            "plan-adjustments", "目标调整", "Adjustments of targets", "Adjustment", 111,
            columns=("number", "target", "new_value", "new_year", "valid_from_date", "state"),
            fields=("target", "new_value", "new_year", "valid_from_date", "document", "reason"),
            filters=("state",), search=("target", "document"), prefix="TZ", workflow="plan_adjustment",
            icon="sliders-horizontal",
        ),
        _register(
            "plan-programmes", "行动方案台账", "Action programmes", "Programme", 112,
            columns=("number", "year", "title_zh", "document", "state"),
            fields=("year", "title_zh", "document"), filters=("state",), key=("year",), prefix="FA",
            workflow="plan_programme", icon="clipboard-list",
        ),
        _register(
            "plan-leads", "牵头单位台账", "Lead units of tasks", "Lead", 112,
            columns=("number", "task", "unit_code", "basis"), fields=("task", "unit_code", "basis"),
            filters=("unit_code",), search=("task", "basis"), key=("task",), prefix="QT", change=REVIEW,
            icon="user-check",
        ),
        _register(
            "plan-duties", "年度任务台账", "Duties of the year", "Duty", 113,
            columns=("number", "task", "title_zh", "unit_code", "year", "state", "due_at", "score"),
            fields=("year", "task", "title_zh", "unit_code", "partners", "region", "project", "measure", "weight"),
            filters=("year", "unit_code", "state"), search=("title_zh", "task"), key=("year", "task", "unit_code"),
            prefix="RW", workflow="plan_duty", overdue="plan.duty_overdue", icon="list-todo",
            cards=("plan:milestones",),
        ),
        _register(
            "plan-projects", "重大工程台账", "Ledger of projects", "Project", 114,
            columns=("number", "code", "name_zh", "theme", "box", "place", "owner", "state"),
            fields=("code", "name_zh", "name_en", "box", "theme", "region", "place", "place_basis", "longitude",
                    "latitude", "owner", "scale", "quote", "investment"),
            filters=("theme", "box", "state"), search=("name_zh", "name_en", "code", "owner", "place"),
            key=("code",), prefix="GC", workflow="plan_project", geometry=True, icon="hard-hat",
            cards=("plan:project_months",),
        ),
        _register(
            "plan-months", "项目月度进展", "Monthly progress of projects", "ProjectMonth", 115,
            columns=("number", "project", "month_date", "percent", "invested"),
            fields=("project", "month_date", "percent", "invested", "text"),
            filters=("project",), search=("project", "text"), key=("project", "month_date"), prefix="JZ",
            icon="calendar-range",
        ),
        _register(
            "plan-terms", "任期责任", "Terms of office", "Term", 116,
            columns=("number", "unit_code", "leader", "post", "from_date", "to_date"),
            fields=("unit_code", "leader", "post", "from_date", "to_date"),
            filters=("unit_code",), search=("leader", "post"), key=("unit_code", "leader", "from_date"),
            prefix="RQ", icon="user-check",
        ),
        _register(
            "plan-objections", "评分异议", "Objections to scores", "Objection", 117,
            columns=("number", "card", "item", "state", "created_at"),
            fields=("card", "item", "region", "grounds"),
            filters=("state",), search=("card", "grounds"), prefix="YY", workflow="plan_objection",
            icon="message-square-warning",
        ),
        _register(
            "city-values", "各市上报值", "Values of other cities", "CityValue", 118,
            columns=("number", "city_code", "target", "year", "value", "weight", "document"),
            fields=("city_code", "target", "year", "value", "weight", "document"),
            filters=("city_code", "year"), key=("city_code", "target", "year"), prefix="SS", icon="layers",
        ),
        _register(
            "beautiful-cities", "美丽城市评估", "Beautiful-city assessment", "BeautifulCity", 119,
            columns=("number", "region", "year", "item", "value"),
            fields=("region", "year", "item", "value", "document"),
            filters=("year", "item"), key=("region", "year", "item"), prefix="MC", icon="building-2",
        ),
        _register(
            "beautiful-cells", "美丽细胞", "Beautiful cells", "BeautifulCell", 120,
            columns=("number", "name_zh", "kind", "level", "region", "state", "recheck_date"),
            fields=("name_zh", "kind", "level", "region", "applicant", "longitude", "latitude", "recheck_date"),
            filters=("kind", "level", "state"), search=("name_zh", "applicant"), key=("name_zh", "kind"),
            prefix="XB", workflow="plan_cell", geometry=True, public=("name_zh", "kind", "level"),
            public_when=("named",), icon="flower-2",
        ),
        _register(
            "green-mines", "绿色矿山", "Green mines", "GreenMine", 121,
            columns=("number", "name_zh", "mineral", "size", "region", "state", "listed_date"),
            fields=("name_zh", "mineral", "size", "region", "facility", "longitude", "latitude", "listed_date"),
            filters=("size", "state"), search=("name_zh", "mineral"), key=("name_zh",), prefix="KS",
            workflow="plan_mine", geometry=True, on_file=True, icon="mountain",
        ),
    ),
    hooks=(
        Hook("record.plan-reports.submit", "plan.services.require_evidence"),
        Hook("record.plan-reports.accept", "plan.services.record_report"),
        Hook("record.plan-adjustments.approve", "plan.services.check_adjustment"),
        Hook("record.plan-duties.confirm", "plan.services.confirm_milestone"),
        Hook("record.plan-duties.finish", "plan.services.finish_duty"),
    ),
)  # fmt: skip
