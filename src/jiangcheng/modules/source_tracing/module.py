"""The room 溯源分析: where a value, a smell or a slug of dirty water came from, as ranked candidates."""

from typing import Any

from jiangcheng.core.manifest import (
    CaseCard,
    FindingKind,
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
    StationCard,
)

VIEW, MANAGE = "source_tracing.view", "source_tracing.manage"
INDICATORS = (
    ("trace_top1", "溯源首位命中率", "Tracing: first candidate confirmed"),
    ("trace_top3", "溯源前三命中率", "Tracing: confirmed among the first three"),
    ("trace_brier", "溯源概率布里尔分", "Tracing: Brier score"),
    ("farmland_traced", "污染农用地溯源覆盖率", "Contaminated plots with a result or a reason"),
)


def _register(code: str, zh: str, en: str, model: str, **more: Any) -> Register:
    return Register(
        code=code, names=Names(zh, en), model=f"source_tracing.{model}", view=VIEW, change=MANAGE, **more
    )


MANIFEST = Manifest(
    code="source_tracing",
    names=Names("溯源分析", "Source tracing"),
    permissions=(
        Permission(VIEW, Names("查看溯源分析", "See source tracing")),
        Permission(MANAGE, Names("发起溯源与派发核查", "Start traces and send out checks")),
    ),
    pages=(
        Page("source_tracing:desk", Names("溯源分析", "Source tracing"), VIEW, "judge", "search", order=45),
        Page("source_tracing:parks", Names("园区 VOC 预警", "Park VOC warning"), VIEW, "modules", "factory", order=66),
    ),
    finding_kinds=(
        FindingKind("source_tracing.check", Names("溯源候选核查", "Check of a candidate"), "TRACE", severity=3),
        FindingKind("source_tracing.voc_peak", Names("园区厂界 VOC 异常", "VOC at a park's fence"), "VOC", severity=3),
    ),
    map_layers=(
        MapLayer(
            "source_tracing.runs", Names("溯源结果", "Traces"), "source_tracing:layer", VIEW,
            geometry="point", timed=True, visible=False, order=52,
        ),
    ),
    station_cards=(StationCard("source_tracing:station_card", Names("溯源", "Tracing"), VIEW, order=60),),
    case_cards=(CaseCard("source_tracing:case_card", Names("溯源", "Tracing"), VIEW, order=60),),
    notification_kinds=(
        NotificationKind("source_tracing.candidates", Names("溯源候选名单", "Candidates of a trace"), outside=True),
    ),
    tasks=(
        PeriodicTask("source_tracing.tasks.watch", 30, Names("溯源触发与厂界预警", "Triggers and fence lines")),
        PeriodicTask("source_tracing.tasks.work", 20, Names("运行溯源", "Run traces")),
        PeriodicTask("source_tracing.tasks.settle", 60, Names("归集核查结论", "Gather field checks")),
        PeriodicTask("source_tracing.tasks.compute_indicators", 3600, Names("溯源指标", "Tracing indicators")),
    ),
    indicators=tuple(
        Indicator(code, "source_tracing.tasks.compute_indicators", Names(zh, en)) for code, zh, en in INDICATORS
    ),
    registers=(
        _register(
            "source-profiles", "源指纹库", "Source fingerprints", "SourceProfile",
            columns=("number", "name_zh", "facility", "industry", "measured_date", "basis"),
            fields=("name_zh", "facility", "industry", "species", "measured_date", "method", "basis"),
            filters=("industry",), search=("number", "name_zh", "industry"), key=("name_zh",), prefix="ZW",
            on_file=True, order=970,
        ),
        _register(
            "parks", "化工园区", "Chemical parks", "Park",
            columns=("number", "name_zh", "region"), fields=("name_zh", "name_en", "region", "outline"),
            filters=("region",), search=("number", "name_zh"), key=("name_zh",), prefix="YQ", order=971,
        ),
        _register(
            "fence-stations", "园区厂界站", "Fence-line stations", "FenceStation",
            columns=("number", "park", "station_code", "side", "region"),
            fields=("park", "station_code", "side", "region", "longitude", "latitude"),
            filters=("park",), search=("number", "station_code"), key=("park", "station_code"), prefix="CJ",
            order=972,
        ),
        _register(
            "river-reaches", "河段拓扑", "River reaches", "RiverReach",
            columns=("number", "river", "upper", "lower", "length_km", "slow", "fast"),
            fields=("river", "upper", "lower", "course", "length_km", "slow", "fast", "area_m2", "spread",
                    "decay", "basis", "region"),
            filters=("river",), search=("number", "river", "upper", "lower"), key=("upper", "lower"),
            prefix="HD", order=973,
        ),
        _register(
            "farm-plots", "农用地重金属溯源", "Farmland heavy metals", "FarmPlot",
            columns=("number", "name_zh", "region", "metal", "area_mu", "result", "treatment"),
            fields=("name_zh", "region", "longitude", "latitude", "area_mu", "metal", "paddy", "acidity",
                    "considered", "result", "result_text", "source", "traced_date", "no_result_reason", "treatment"),
            filters=("region", "metal", "result", "treatment"), search=("number", "name_zh"),
            key=("name_zh", "metal"), prefix="NT", geometry=True, cards=("source_tracing:plot_card",), order=974,
        ),
        _register(
            "farm-samples", "农用地土壤样品", "Farmland samples", "FarmSample",
            columns=("number", "plot", "metal", "value", "sampled_date", "laboratory"),
            fields=("plot", "metal", "value", "sampled_date", "depth_cm", "laboratory", "region"),
            filters=("metal",), search=("number", "plot"), key=("plot", "metal", "sampled_date", "depth_cm"),
            prefix="TY", order=975,
        ),
    ),
    hooks=(
        Hook("person.todo", "source_tracing.queries.to_do"),
    ),
)  # fmt: skip
