"""The room 监测一张网: coverage, gaps, quality control, samples, the data centre, statistics."""

from typing import Any

from jiangcheng.core.manifest import (
    ApiRouter,
    Hook,
    Manifest,
    Names,
    Page,
    PeriodicTask,
    Permission,
    Register,
    StationCard,
)

VIEW, MANAGE, ACCEPT, ASK = "network.view", "network.manage", "network.accept", "network.ask"


def _register(code: str, zh: str, en: str, model: str, change: str = MANAGE, **more: Any) -> Register:
    return Register(
        code=code, names=Names(zh, en), model=f"network.{model}", view=VIEW, change=change, **more
    )


MANIFEST = Manifest(
    code="network",
    names=Names("监测一张网", "Monitoring network"),
    permissions=(
        Permission(VIEW, Names("查看监测一张网", "See the monitoring network")),
        Permission(MANAGE, Names("维护监测一张网台账", "Keep the registers of the network")),
        Permission(ACCEPT, Names("审核样品与数据共享", "Accept samples and grant data")),
        Permission(ASK, Names("申请数据共享", "Ask for data")),
    ),
    pages=(
        Page("network:overview", Names("监测一张网", "Monitoring network"), VIEW, "modules", "radio-tower", 75),
        Page("network:catalogue", Names("数据目录", "Data catalogue"), VIEW, "modules", "database", 76),
        Page("network:statistics", Names("环境统计年表", "Annual statistics"), VIEW, "modules", "table-2", 77),
    ),
    station_cards=(StationCard("network:station_card", Names("质量控制", "Quality control"), VIEW),),
    tasks=(
        PeriodicTask("network.tasks.detect_gaps", 3_600, Names("发现数据缺口", "Find gaps")),
        PeriodicTask("network.tasks.judge_quality", 3_600, Names("标记质控有效期外数据", "Flag values outside QC")),
        PeriodicTask("network.tasks.describe_datasets", 86_400, Names("计算数据目录", "Describe datasets")),
    ),
    registers=(
        _register(
            "gaps", "数据缺口", "Data gaps", "Gap",
            columns=("number", "station", "from_at", "to_at", "reason", "measure", "detected"),
            fields=("station", "from_at", "to_at", "reason", "measure"),
            filters=("reason", "detected"), search=("station", "measure"), key=("station", "from_at"),
            prefix="QK", order=950,
        ),
        _register(
            "qc-records", "质控记录", "QA/QC records", "QcRecord",
            columns=("number", "station", "observed", "kind", "performed_at", "valid_to_at", "result", "deviation"),
            fields=("station", "observed", "kind", "device", "performed_at", "valid_to_at", "result",
                    "deviation", "agency", "document"),
            filters=("kind", "result"), search=("station", "device", "document"),
            key=("station", "observed", "kind", "performed_at"), prefix="ZK", order=951,
        ),
        _register(
            "campaigns", "手工监测任务", "Monitoring campaigns", "Campaign",
            columns=("number", "name_zh", "theme", "from_date", "to_date", "planned"),
            fields=("name_zh", "theme", "region", "from_date", "to_date", "planned"),
            filters=("theme",), search=("name_zh",), key=("name_zh", "from_date"), prefix="RW",
            cards=("network:campaign_card",), order=952,
        ),
        _register(
            "lab-samples", "手工监测样品", "Laboratory samples", "LabSample",
            columns=("number", "station", "observed", "sampled_at", "result", "lod", "unit", "lab_qc", "state"),
            fields=("station", "campaign", "sampled_at", "observed", "method", "unit", "lod", "result",
                    "lab_qc", "qc_note", "agency", "report"),
            filters=("observed", "lab_qc", "state"), search=("station", "campaign", "report"),
            key=("station", "observed", "sampled_at"), prefix="YP", workflow="lab_sample", order=953,
        ),
        _register(
            "agencies", "社会监测机构", "Monitoring agencies", "Agency",
            columns=("number", "name_zh", "qualification", "qualified_to_date", "staff"),
            fields=("name_zh", "name_en", "credit_code", "region", "qualification", "qualified_to_date", "staff",
                    "scope"),
            search=("name_zh", "credit_code", "qualification"), key=("credit_code",), prefix="SH",
            public=("name_zh", "qualification", "qualified_to_date", "scope"),
            cards=("network:agency_card",), order=954,
        ),
        _register(
            "agency-checks", "监测机构检查", "Checks of agencies", "AgencyCheck",
            columns=("number", "agency", "checked_date", "score", "penalty"),
            fields=("agency", "checked_date", "score", "problems", "penalty"),
            search=("agency", "problems", "penalty"), key=("agency", "checked_date"), prefix="SJ", order=955,
        ),
        _register(
            "rural-results", "农村环境监测结果", "Rural monitoring", "RuralResult",
            columns=("number", "region", "village", "year", "item", "samples", "compliant"),
            fields=("region", "village", "year", "item", "samples", "compliant", "basis"),
            filters=("year", "item"), search=("village",), key=("region", "village", "year", "item"),
            prefix="NC", order=956,
        ),
        _register(
            "data-requests", "数据共享申请", "Requests for data", "DataRequest", change=ASK,
            columns=("number", "unit", "dataset", "until_date", "state", "due_at"),
            fields=("unit", "dataset", "region", "purpose", "until_date"),
            filters=("state",), search=("unit", "dataset", "purpose"), prefix="SQ",
            workflow="data_request", cards=("network:request_card",), order=957,
        ),
        _register(
            "id-mappings", "旧系统编码对照", "Ids of older systems", "IdMapping",
            columns=("number", "system", "kind", "old_id", "code"),
            fields=("system", "kind", "old_id", "code"), filters=("system", "kind"),
            search=("old_id", "code"), key=("system", "kind", "old_id"), prefix="DZ", order=958,
        ),
    ),
    hooks=(
        Hook("record.lab-samples.accept", "network.services.accept_sample"),
        Hook("record.lab-samples.revoke", "network.services.revoke_sample"),
        Hook("agency.quality", "network.queries.agency_quality"),
        Hook("record.data-requests.grant", "network.services.grant_request"),
    ),
    # Every pull is written down, so none may be answered from what the caller holds.
    api=(ApiRouter("network.api.router", etag=False),),
)  # fmt: skip
