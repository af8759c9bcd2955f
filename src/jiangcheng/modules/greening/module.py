"""The room 绿色发展: equipment, sewage grading, cleaner production, green titles, access of projects."""

from typing import Any

from jiangcheng.core.manifest import (
    FindingKind,
    Hook,
    LabelScheme,
    LabelValue,
    Manifest,
    Names,
    Page,
    Permission,
    Register,
)

VIEW, MANAGE, ACCEPT = "greening.view", "greening.manage", "greening.accept"


def _register(code: str, zh: str, en: str, model: str, **more: Any) -> Register:
    return Register(
        code=code, names=Names(zh, en), model=f"greening.{model}", view=VIEW, change=MANAGE, **more
    )


MANIFEST = Manifest(
    code="greening",
    names=Names("绿色发展", "Green development"),
    permissions=(
        Permission(VIEW, Names("查看绿色发展台账", "See the green registers")),
        Permission(MANAGE, Names("维护绿色发展台账", "Keep the green registers")),
        Permission(ACCEPT, Names("评估验收与准入决定", "Accept audits and decide on access")),
    ),
    pages=(Page("greening:overview", Names("绿色发展", "Green development"), VIEW, "modules", "sprout", 70),),
    finding_kinds=(
        FindingKind(
            "greening.audit_overdue",
            Names("清洁生产审核逾期", "Cleaner-production audit overdue"),
            case_type="DUTY",
            severity=2,
        ),
    ),
    registers=(
        _register(
            "equipment", "执法装备", "Enforcement equipment", "Equipment",
            columns=("number", "unit", "item", "required", "held", "checked_date"),
            fields=("region", "unit", "item", "required", "held", "checked_date"),
            filters=("unit", "item"), search=("unit",), key=("unit", "item"), prefix="EQ", order=930,
        ),
        _register(
            "sewage-grades", "污水治理绩效分级", "Sewage grading", "SewageGrade",
            columns=("number", "facility", "year", "grade", "score", "rule_version", "state"),
            fields=("facility", "year", "compliance_percent", "transmission_percent", "reuse_percent",
                    "load_percent", "punished"),
            filters=("year", "grade", "state"), search=("facility__name_zh",), key=("facility", "year"),
            prefix="WS", workflow="sewage_grade", on_file=True, order=931,
        ),
        _register(
            "cleaner-production", "清洁生产审核", "Cleaner-production audits", "CleanerProduction",
            columns=("number", "facility", "kind", "year", "state", "due_at", "result"),
            fields=("facility", "kind", "year", "reason", "due_at", "plans", "saved_energy", "result"),
            filters=("kind", "year", "state"), search=("facility__name_zh", "result"),
            key=("facility", "year"), prefix="QS", workflow="cleaner_production",
            overdue="greening.audit_overdue", on_file=True, order=932,
        ),
        _register(
            "green-titles", "绿色制造名单", "Green titles", "GreenTitle",
            columns=("number", "name_zh", "kind", "level", "listed_date", "state"),
            fields=("name_zh", "facility", "region", "kind", "level", "listed_date"),
            filters=("kind", "level", "state"), search=("name_zh",), key=("name_zh", "kind"), prefix="LS",
            workflow="green_title", on_file=True, public=("name_zh", "kind", "level", "listed_date"),
            public_when=("held",), order=933,
        ),
        _register(
            "access-zones", "准入管控分区", "Access zones", "Zone",
            columns=("number", "name_zh", "kind", "valid_from_date", "valid_to_date", "document"),
            fields=("region", "name_zh", "kind", "outline", "valid_from_date", "valid_to_date", "document"),
            filters=("kind",), search=("name_zh", "document"),
            key=("name_zh", "valid_from_date"), prefix="FQ", order=934,
        ),
        _register(
            "project-access", "项目准入", "Project access", "Project",
            columns=("number", "name_zh", "owner", "industry", "verdict", "state", "due_at"),
            fields=("name_zh", "owner", "region", "industry", "energy", "longitude", "latitude"),
            filters=("verdict", "state"), search=("name_zh", "owner"),
            key=("name_zh", "owner"), prefix="XM", workflow="project_access",
            geometry=True, cards=("greening:screening",), order=935,
        ),
    ),
    label_schemes=(
        LabelScheme(
            "sewage",
            Names("污水治理绩效", "Sewage grade"),
            (
                LabelValue("A", Names("A 级", "Grade A"), "#2e9e5b"),
                LabelValue("B", Names("B 级", "Grade B"), "#2f6fde"),
                LabelValue("C", Names("C 级", "Grade C"), "#c98a00"),
                LabelValue("D", Names("D 级", "Grade D"), "#d92d20"),
            ),
        ),
    ),
    hooks=(
        Hook("record.sewage-grades.grade", "greening.services.grade_sewage"),
        Hook("record.project-access.screen", "greening.services.screen_project"),
        Hook("record.project-access.admit", "greening.services.check_admission"),
    ),
)  # fmt: skip
