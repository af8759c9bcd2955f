"""What the desk `cases` declares."""

from jiangcheng.core.manifest import (
    ApiRouter,
    FacilityCard,
    FindingKind,
    HomeCard,
    Hook,
    Manifest,
    MapLayer,
    Names,
    NotificationKind,
    Page,
    PeriodicTask,
    Permission,
    StationCard,
)

MANIFEST = Manifest(
    code="cases",
    names=Names("事件", "Cases"),
    permissions=(
        Permission("cases.view", Names("查看事件", "View cases")),
        Permission("cases.report", Names("上报事件", "Report cases")),
        Permission("cases.dispatch", Names("受理与派遣", "File and dispatch")),
        Permission("cases.handle", Names("处置", "Handle")),
        Permission("cases.verify", Names("核查", "Verify")),
        Permission("cases.approve", Names("审批延期与挂起", "Approve extensions and suspensions")),
        Permission("cases.roster", Names("排值班表", "Keep the roster")),
        Permission("cases.supervise", Names("督办", "Supervise")),
    ),
    pages=(
        Page("cases:desk", Names("值班台", "Case desk"), "cases.view", "act", "kanban", 10),
        Page("cases:kpis", Names("办理成效", "Handling rates"), "cases.view", "account", "gauge", 60),
        Page("cases:roster", Names("值班表", "Duty roster"), "cases.view", "act", "calendar-days", 30),
        Page("cases:new", Names("上报事件", "Report a case"), "cases.report", "act", "circle-plus", 20),
    ),
    finding_kinds=(
        FindingKind("cases.patrol", Names("人工上报", "Reported by a person"), case_type="PATROL", severity=2),
    ),
    facility_cards=(FacilityCard("cases:card_facility", Names("事件", "Cases"), "cases.view", order=20),),
    station_cards=(StationCard("cases:card_station", Names("事件", "Cases"), "cases.view", order=90),),
    map_layers=(
        MapLayer("cases", Names("未结事件", "Open cases"), "cases:layer", "cases.view", "point",
                 timed=True, order=90),
    ),
    tasks=(PeriodicTask("cases.tasks.escalate", every=60, names=Names("时限升级", "Escalate clocks")),),
    hooks=(Hook("person.todo", "cases.queries.to_do"),),
    api=(ApiRouter("cases.api.router"),),
    notification_kinds=(
        NotificationKind("cases.dispatched", Names("派遣给我", "Dispatched to me"), outside=True),
        NotificationKind("cases.task", Names("请我协办", "Asked for help"), outside=True),
        NotificationKind("cases.asked", Names("待我审批", "Waits for my approval"), outside=True),
        NotificationKind("cases.answered", Names("审批与协办答复", "Answers")),
        NotificationKind("cases.returned", Names("退回与返工", "Sent back"), outside=True),
        NotificationKind("cases.supervised", Names("督办", "Supervised"), outside=True),
        NotificationKind("cases.escalated", Names("时限升级", "Escalated"), outside=True),
        NotificationKind("cases.closed", Names("办结告知", "Closed")),
    ),
    home_cards=(
        HomeCard("cases:card_counts", "cases.view", "targets", 90),
        HomeCard("cases:card_risk", "cases.view", "side", 2),
        HomeCard("cases:card_open", "cases.view", "side", 20),
    ),
)  # fmt: skip
