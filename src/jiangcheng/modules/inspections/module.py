"""The room 双随机检查: three bases, draws anybody can recompute, visits, published results."""

from jiangcheng.core.manifest import (
    FacilityCard,
    FindingKind,
    Hook,
    Manifest,
    Names,
    NotificationKind,
    Page,
    PeriodicTask,
    Permission,
    PublicPage,
    Register,
)

VISITS = Register(
    code="visits",
    names=Names("现场检查", "Inspection visits"),
    model="inspections.Visit",
    view="inspections.view",
    change="inspections.manage",
    columns=("number", "facility", "origin", "object_class", "state", "due_at", "result", "publish_by_date"),
    fields=("facility", "origin", "planned_date"),
    filters=("state", "origin", "result", "region"),
    search=("number", "facility__name_zh", "facility__code", "summary"),
    prefix="JC",
    workflow="visit",
    on_file=False,
    group="act",
    icon="clipboard-check",
    order=62,
    cards=("inspections:visit_card",),
)

MANIFEST = Manifest(
    code="inspections",
    names=Names("双随机检查", "Random inspections"),
    permissions=(
        Permission("inspections.view", Names("查看检查", "See inspections")),
        Permission("inspections.manage", Names("制定计划与抽取", "Plan and draw")),
        Permission("inspections.visit", Names("现场检查", "Visit")),
    ),
    pages=(
        Page(
            "inspections:overview",
            Names("双随机检查", "Random inspections"),
            "inspections.view",
            "act",
            "dices",
            order=60,
        ),
    ),
    finding_kinds=(
        FindingKind(
            "inspections.found",
            Names("检查发现问题", "Problem found by an inspection"),
            "INSPECT",
            severity=3,
        ),
        FindingKind(
            "inspections.late_publication",
            Names("检查结果逾期未公开", "Inspection result not published in time"),
            "INSPECT",
            severity=2,
        ),
    ),
    tasks=(
        PeriodicTask(
            "inspections.tasks.watch_publication",
            every=3600,
            names=Names("检查公开期限巡查", "Watch the terms of publication"),
        ),
    ),
    registers=(VISITS,),
    facility_cards=(
        FacilityCard("inspections:facility_card", Names("现场检查", "Visits"), "inspections.view", order=60),
    ),
    public_pages=(
        PublicPage("inspections:published", Names("双随机公开", "Random inspections"), "dices", order=40),
    ),
    notification_kinds=(
        NotificationKind("inspections.dispatched", Names("检查任务", "A visit to make"), outside=True),
    ),
    hooks=(
        Hook("person.todo", "inspections.queries.to_do"),
        Hook("facility.visited", "inspections.services.visited"),
        Hook("facility.inspections", "inspections.queries.inspections"),
        Hook("record.visits.publish", "inspections.services.note_published"),
        Hook("record.visits.dispatch", "inspections.services.note_dispatched"),
    ),
)
