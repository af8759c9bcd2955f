"""The room 声环境: stations, functional zones, sensitive areas, night permits, duties, joint enforcement."""

from jiangcheng.core.manifest import (
    CaseCard,
    FindingKind,
    Hook,
    Manifest,
    MapLayer,
    Names,
    Page,
    PeriodicTask,
    Permission,
    Register,
)

VIEW, MANAGE, LISTEN = "noise.view", "noise.manage", "noise.listen"


def _register(code: str, zh: str, en: str, model: str, **more: object) -> Register:
    return Register(
        code=code,
        names=Names(zh, en),
        model=f"noise.{model}",
        view=VIEW,
        change=MANAGE,
        **more,  # type: ignore[arg-type]
    )


MANIFEST = Manifest(
    code="noise",
    names=Names("声环境", "Noise"),
    permissions=(
        Permission(VIEW, Names("查看声环境", "See noise")),
        Permission(MANAGE, Names("管理声环境", "Manage noise")),
        Permission(LISTEN, Names("播放噪声录音", "Listen to recordings of noise")),
    ),
    pages=(
        Page("noise:overview", Names("声环境", "Noise"), VIEW, "modules", "activity", order=25),
        Page("noise:grades", Names("声环境等级", "Noise grades"), VIEW, "modules", "activity", order=26),
        Page("noise:zones", Names("声环境功能区", "Noise zones"), VIEW, "modules", "map", order=26),
        Page("noise:cases", Names("噪声事件分派", "Noise routing"), VIEW, "act", "send", order=45),
    ),
    finding_kinds=(
        FindingKind(
            "noise.over_limit", Names("声环境超功能区限值", "Noise above the limit of its zone"), "NOISE", severity=2
        ),
        FindingKind(
            "noise.night_burst", Names("夜间突发噪声超标", "Sudden noise at night"), "NOISE", severity=2
        ),
    ),
    case_cards=(
        CaseCard("noise:clips_card", Names("噪声录音", "Recordings"), LISTEN, case_types=("NOISE",)),
    ),
    map_layers=(
        MapLayer(
            "noise.zones", Names("声环境功能区", "Noise zones"), "noise:zones_layer", VIEW,
            geometry="polygon", timed=True, visible=False, order=6,
        ),
        MapLayer(
            "noise.sensitive", Names("噪声敏感建筑物集中区域", "Noise-sensitive areas"), "noise:sensitive_layer",
            VIEW, geometry="polygon", timed=True, visible=False, order=7,
        ),
        MapLayer(
            "noise.stations", Names("噪声站", "Noise stations"), "noise:layer", VIEW,
            geometry="point", timed=True, order=45,
        ),
    ),
    tasks=(
        PeriodicTask("noise.tasks.evaluate", every=60, names=Names("声环境评价", "Evaluate noise")),
        PeriodicTask(
            "noise.tasks.keep_clips", every=3600, names=Names("录音归案与到期清除", "Bind and erase recordings")
        ),
    ),
    registers=(
        _register(
            "night-permits", "夜间施工许可", "Night construction permits", "NightPermit",
            columns=("number", "site", "region", "starts_at", "ends_at", "reason", "state"),
            fields=("site", "builder", "facility", "works", "reason", "starts_at", "ends_at", "announced",
                    "contact", "longitude", "latitude"),
            filters=("state", "reason", "region"), search=("number", "site", "builder"), prefix="YJ",
            personal=("contact",), workflow="night_permit", geometry=True, cards=("noise:permit_card",),
            public=("site", "builder", "works", "starts_at", "ends_at"), public_when=("granted",), order=850,
        ),
        _register(
            "noise-duties", "噪声监管职责清单", "Noise duties", "NoiseDuty",
            columns=("number", "source_type", "department_zh", "region", "officers", "valid_from_date"),
            fields=("source_type", "department_zh", "department_en", "region", "officers", "basis",
                    "valid_from_date", "valid_to_date"),
            filters=("source_type", "region"), search=("department_zh", "officers", "basis"), prefix="ZZQD",
            public=("source_type", "department_zh", "basis"), order=851,
        ),
        _register(
            "joint-actions", "噪声联合执法", "Joint noise enforcement", "JointAction",
            columns=("number", "name", "occasion", "starts_date", "ends_date", "departments", "state"),
            fields=("name", "occasion", "region", "departments", "starts_date", "ends_date", "summary"),
            filters=("state", "region"), search=("number", "name", "departments"), prefix="LH",
            workflow="joint_action", cards=("noise:action_card",), order=852,
        ),
        _register(
            "joint-results", "联合执法部门结果", "Results of departments", "JointResult",
            columns=("number", "action_number", "department", "inspected", "problems", "punished", "state"),
            fields=("action_number", "department", "region", "inspected", "problems", "ordered", "punished",
                    "fine", "text"),
            filters=("state",), search=("action_number", "department"),
            key=("action_number", "department"), prefix="LHJG", workflow="joint_result", order=853,
        ),
        _register(
            "noise-surveys", "声环境普查监测", "Noise surveys", "NoiseSurvey",
            columns=("number", "kind", "year", "point_code", "name_zh", "region", "period", "level", "length_m"),
            fields=("kind", "year", "point_code", "name_zh", "region", "longitude", "latitude", "period", "level",
                    "length_m", "measured_at"),
            filters=("kind", "year", "period", "region"), search=("number", "point_code", "name_zh"),
            key=("kind", "year", "point_code", "period"), prefix="PC", geometry=True, order=853,
        ),
        _register(
            "noise-events", "噪声事件与天气标注", "Events at noise stations", "NoiseEvent",
            columns=("number", "station_code", "kind", "starts_at", "ends_at", "state"),
            fields=("station_code", "kind", "starts_at", "ends_at", "region", "text"),
            filters=("state", "kind"), search=("number", "station_code", "text"), prefix="ZS",
            workflow="noise_event", order=854,
        ),
    ),
    hooks=(
        Hook("case.proposals", "noise.queries.proposed"),
        Hook("record.night-permits.grant", "noise.services.judge_grant"),
        Hook("record.joint-actions.start", "noise.services.open_results"),
        Hook("record.joint-actions.close", "noise.services.gate_close"),
        Hook("record.noise-events.confirm", "noise.services.evaluate_event"),
        Hook("record.noise-events.reject", "noise.services.evaluate_event"),
    ),
)  # fmt: skip
