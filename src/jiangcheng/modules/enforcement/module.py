"""The room 行政执法: punishment cases behind three gates, their documents, compensation for damage."""

from jiangcheng.core.manifest import (
    FacilityCard,
    FindingKind,
    Hook,
    Manifest,
    Names,
    NotificationKind,
    PeriodicTask,
    Permission,
    PublicPage,
    Register,
)

VIEW, HANDLE = "enforcement.view", "enforcement.handle"

MANIFEST = Manifest(
    code="enforcement",
    names=Names("行政执法", "Enforcement"),
    permissions=(
        Permission(VIEW, Names("查看执法案件", "See enforcement cases")),
        Permission(HANDLE, Names("办理执法案件", "Handle enforcement cases")),
        Permission("enforcement.review", Names("法制审核", "Review legally")),
        Permission("enforcement.decide", Names("作出决定", "Decide")),
    ),
    finding_kinds=(
        FindingKind(
            "enforcement.overdue",
            Names("执法环节超期", "A step of enforcement is overdue"),
            "ENFORCE",
            severity=2,
        ),
        FindingKind(
            "enforcement.not_published",
            Names("处罚决定逾期未公示", "Decision not published in time"),
            "ENFORCE",
            severity=2,
        ),
    ),
    tasks=(
        PeriodicTask(
            "enforcement.tasks.watch_publication",
            every=3600,
            names=Names("处罚公示巡查", "Watch the publication of decisions"),
        ),
    ),
    registers=(
        Register(
            code="punishments",
            names=Names("行政处罚案件", "Punishment cases"),
            model="enforcement.Punishment",
            view=VIEW,
            change=HANDLE,
            columns=(
                "number",
                "facility",
                "cause",
                "state",
                "due_at",
                "fine",
                "decision_number",
                "publish_by_date",
            ),
            fields=("facility", "case_number", "cause", "facts"),
            filters=("state", "region"),
            search=("number", "decision_number", "facts", "facility__name_zh"),
            prefix="CF",
            workflow="punishment",
            overdue="enforcement.overdue",
            on_file=True,
            geometry=True,
            group="act",
            icon="gavel",
            order=64,
            cards=("enforcement:gates", "enforcement:papers"),
        ),
        Register(
            code="compensations",
            names=Names("生态环境损害赔偿", "Damage compensation"),
            model="enforcement.Compensation",
            view=VIEW,
            change=HANDLE,
            columns=("number", "facility", "state", "due_at", "assessed", "agreed", "paid"),
            fields=("facility", "punishment_number", "damage", "assessed", "agreed", "paid"),
            filters=("state",),
            search=("number", "damage", "punishment_number"),
            prefix="PC",
            workflow="compensation",
            overdue="enforcement.overdue",
            on_file=True,
            group="act",
            icon="scale",
            order=65,
        ),
    ),
    facility_cards=(
        FacilityCard("enforcement:facility_card", Names("行政处罚", "Punishments"), VIEW, order=50),
    ),
    public_pages=(
        PublicPage("enforcement:published", Names("行政处罚公示", "Punishments"), "gavel", order=45),
    ),
    notification_kinds=(
        NotificationKind("enforcement.told", Names("执法文书告知", "Told by enforcement"), outside=True),
    ),
    hooks=(
        Hook("case.converted.punishment", "enforcement.services.from_case"),
        Hook("facility.events", "enforcement.queries.events"),
        Hook("record.punishments.report", "enforcement.services.gate_report"),
        Hook("record.punishments.notice", "enforcement.services.gate_notice"),
        Hook("record.punishments.pass_review", "enforcement.services.gate_review"),
        Hook("record.punishments.decide", "enforcement.services.gate_decide"),
        Hook("record.punishments.publish_decided", "enforcement.services.note_published"),
        Hook("record.punishments.publish_served", "enforcement.services.note_published"),
        Hook("record.punishments.publish_executed", "enforcement.services.note_published"),
        Hook("record.punishments.close", "enforcement.services.gate_close"),
    ),
)
