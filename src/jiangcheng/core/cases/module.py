"""What the desk `cases` declares."""

from jiangcheng.core.manifest import FindingKind, HomeCard, Manifest, MapLayer, Names, Page, Permission

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
        Permission("cases.supervise", Names("督办", "Supervise")),
    ),
    pages=(
        Page("cases:desk", Names("值班台", "Case desk"), "cases.view", "act", "kanban", 10),
        Page("cases:new", Names("上报事件", "Report a case"), "cases.report", "act", "circle-plus", 20),
    ),
    finding_kinds=(
        FindingKind("cases.patrol", Names("人工上报", "Reported by a person"), case_type="PATROL", severity=2),
    ),
    map_layers=(
        MapLayer("cases", Names("未结事件", "Open cases"), "cases:layer", "cases.view", "point",
                 timed=True, order=90),
    ),
    home_cards=(
        HomeCard("cases:card_counts", "cases.view", "targets", 90),
        HomeCard("cases:card_open", "cases.view", "side", 20),
    ),
)  # fmt: skip
