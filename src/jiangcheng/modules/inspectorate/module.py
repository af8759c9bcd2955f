"""The room 环保督察: problems fed back, measures, acceptance, publicity, close-out, look-back; daily notices."""

from jiangcheng.core.manifest import (
    FindingKind,
    Hook,
    Manifest,
    Names,
    Page,
    Permission,
    PublicPage,
    Register,
)

VIEW, MANAGE, WORK = "inspectorate.view", "inspectorate.manage", "inspectorate.work"

MANIFEST = Manifest(
    code="inspectorate",
    names=Names("环保督察", "Inspectorate"),
    permissions=(
        Permission(VIEW, Names("查看督察整改", "See rectification")),
        Permission(MANAGE, Names("管理督察整改", "Manage rectification")),
        Permission(WORK, Names("落实整改任务", "Carry out rectification")),
        Permission("inspectorate.accept", Names("验收销号", "Accept and close out")),
    ),
    pages=(
        Page("inspectorate:board", Names("督察整改", "Rectification"), VIEW, "act", "list-checks", order=70),
        Page("inspectorate:notice", Names("信访每日通报", "Daily notice"), VIEW, "act", "newspaper", order=71),
    ),
    finding_kinds=(
        FindingKind("inspectorate.overdue", Names("整改环节超期", "Rectification overdue"), "RECTIFY", severity=3),
    ),
    registers=(
        Register(
            code="rounds", names=Names("督察轮次", "Rounds"), model="inspectorate.Round", view=VIEW, change=MANAGE,
            columns=("number", "name", "level", "starts_date", "feedback_date"),
            fields=("name", "level", "starts_date", "ends_date", "feedback_date"), search=("name",), prefix="DC",
            order=830,
        ),
        Register(
            code="problems", names=Names("督察问题", "Problems"), model="inspectorate.Problem", view=VIEW,
            change=MANAGE, columns=("number", "text", "region", "lead_unit", "state", "due_at", "due_date", "rebounds"),
            fields=("round_number", "paragraph", "text", "goal", "region", "facility", "lead_unit", "leader",
                    "due_date", "longitude", "latitude"),
            filters=("state", "region"), search=("number", "text", "lead_unit"), prefix="WT",
            workflow="rectification", overdue="inspectorate.overdue", geometry=True, on_file=True,
            cards=("inspectorate:problem_card",), order=831,
        ),
        Register(
            code="measures", names=Names("整改措施", "Measures"), model="inspectorate.Measure", view=VIEW,
            change=MANAGE,
            columns=("number", "problem_number", "text", "unit", "state", "due_at"),
            fields=("problem_number", "text", "unit", "region", "due_at"), filters=("state",),
            search=("problem_number", "text", "unit"), prefix="CS", workflow="rectification_task",
            overdue="inspectorate.overdue", order=832,
        ),
        Register(
            code="transfers", names=Names("信访转办件", "Transferred complaints"), model="inspectorate.Transfer",
            view=VIEW, change=MANAGE,
            columns=("number", "batch", "received_date", "region", "types", "key_case", "verdict", "state", "due_at"),
            fields=("number", "batch", "received_date", "channel", "key_case", "duplicate", "region", "types", "text",
                    "contact", "verdict", "ordered", "fine", "talks", "accountable", "filed", "detained", "result"),
            filters=("state", "region", "batch", "verdict"), search=("number", "text", "types"), prefix="ZB",
            personal=("contact",), workflow="transfer", overdue="inspectorate.overdue", order=833,
        ),
    ),
    public_pages=(
        PublicPage("inspectorate:published", Names("督察整改公示", "Rectification"), "list-checks", order=46),
    ),
    hooks=(
        Hook("person.todo", "inspectorate.queries.to_do"),
        Hook("case.converted.rectification", "inspectorate.services.from_case"),
        Hook("record.problems.start", "inspectorate.services.note_started"),
        Hook("record.problems.ask_extension", "inspectorate.services.note_extension_asked"),
        Hook("record.problems.grant_extension", "inspectorate.services.note_extension_granted"),
        Hook("record.problems.refuse_extension", "inspectorate.services.note_extension_refused"),
        Hook("record.problems.self_check", "inspectorate.services.gate_self_check"),
        Hook("record.problems.publicise", "inspectorate.services.note_publicised"),
        Hook("record.problems.sign", "inspectorate.services.gate_sign"),
        Hook("record.problems.close_out", "inspectorate.services.note_closed_out"),
        Hook("record.problems.rebound", "inspectorate.services.note_rebound"),
    ),
)  # fmt: skip
