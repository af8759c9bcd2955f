"""What the desk `reports` declares."""

from jiangcheng.core.manifest import (
    Manifest,
    Names,
    NotificationKind,
    Page,
    PeriodicTask,
    Permission,
    Report,
)

VIEW, PRODUCE = "reports.view", "reports.produce"

MANIFEST = Manifest(
    code="reports",
    names=Names("报告", "Reports"),
    permissions=(
        Permission(VIEW, Names("查看与订阅报告", "Read and subscribe to reports")),
        Permission(PRODUCE, Names("生成报告", "Produce reports")),
    ),
    pages=(Page("reports:index", Names("定期报告", "Reports"), VIEW, "account", "file-text", 80),),
    tasks=(PeriodicTask("reports.tasks.produce_due", 900, Names("生成定期报告", "Produce reports")),),
    notification_kinds=(
        NotificationKind("reports.produced", Names("报告已生成", "Report produced"), outside=True),
    ),
    reports=(
        Report(
            code="cases-week",
            names=Names("案件办理周报", "Weekly report on cases"),
            function="reports.queries.case_week",
            period="week",
            permission="plan.view",
            order=40,
        ),
        Report(
            code="targets-year",
            names=Names("规划指标年报", "Yearly report on targets"),
            function="reports.queries.target_year",
            period="year",
            permission="plan.view",
            order=50,
        ),
    ),
)
