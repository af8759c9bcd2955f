"""The room 污染源在线: outlets against their permits, and stations that fell silent."""

from jiangcheng.core import manifest

CLUES = {
    "constant": ("恒值", "Constant value", 3),
    "clipped": ("限值下削顶", "Clipped below the limit", 3),
    "near_limit": ("持续贴限运行", "Running just under the limit", 2),
    "repeated": ("序列重复", "Repeated sequence", 3),
    "collapse": ("波动塌缩", "Variance collapse", 3),
    "drop": ("无因突降", "Sudden drop without cause", 2),
    "missing_when_high": ("高值时缺数", "Missing when high", 3),
    "out_of_phase": ("与负荷不同步", "Out of phase with load", 3),
    "twins": ("多口同值", "Same values at two outlets", 3),
    "conversion": ("折算不符", "Conversion does not follow", 2),
    "parameter_change": ("擅改参数", "Parameter changed", 3),
    "treatment_off": ("生产开治理停", "Treatment off while producing", 4),
    "running_empty": ("治理设施空转", "Treatment idling", 3),
    "limit_broken": ("超限产用电", "Above a limit order", 3),
    "stop_broken": ("停产期间生产", "Production during a stop", 4),
    "meter_offline": ("电表离线", "Meter off-line", 2),
    "water_balance": ("排水大于取水", "More water out than in", 2),
}
"""Names and severity of the clues, by rule of ``data/clues.json``."""

MANIFEST = manifest.Manifest(
    code="emissions",
    names=manifest.Names("污染源在线", "Online emissions"),
    permissions=(
        manifest.Permission("emissions.view", manifest.Names("查看污染源在线", "See online emissions")),
        manifest.Permission("emissions.clues", manifest.Names("查看非现场线索", "See off-site clues")),
        manifest.Permission("emissions.mark", manifest.Names("标记自己的监测数据", "Mark own data")),
        manifest.Permission("emissions.review", manifest.Names("审核标记与线索", "Review marks and clues")),
    ),
    pages=(
        manifest.Page(
            "emissions:overview",
            manifest.Names("污染源在线", "Online emissions"),
            "emissions.view",
            "modules",
            "factory",
            order=40,
        ),
        manifest.Page(
            "emissions:clues",
            manifest.Names("非现场线索", "Off-site clues"),
            "emissions.clues",
            "judge",
            "search",
            order=41,
        ),
        manifest.Page(
            "emissions:marking",
            manifest.Names("标记我的数据", "Mark my data"),
            "emissions.mark",
            "modules",
            "smartphone",
            order=42,
        ),
    ),
    finding_kinds=(
        manifest.FindingKind(
            "emissions.over_limit",
            manifest.Names("排放口小时均值超许可限值", "Hourly outlet mean above the permit limit"),
            case_type="EMIT",
            severity=3,
        ),
        manifest.FindingKind(
            "emissions.no_data",
            manifest.Names("站点无数据", "Station without data"),
            case_type="DATA",
            severity=2,
        ),
        manifest.FindingKind(
            "emissions.furnace_cold",
            manifest.Names("焚烧炉温度低于 850 ℃", "Furnace of an incinerator below 850 ℃"),
            case_type="EMIT",
            severity=4,
        ),
        manifest.FindingKind(
            "emissions.incineration_day",
            manifest.Names("垃圾焚烧日均值超标", "Daily mean of an incinerator above its limit"),
            case_type="EMIT",
            severity=4,
        ),
        manifest.FindingKind(
            "emissions.check_failed",
            manifest.Names("质控核查不合格，数据失控", "A failed check: data out of control"),
            case_type="DATA",
            severity=2,
        ),
        *(
            manifest.FindingKind(f"emissions.clue.{rule}", manifest.Names(zh, en), "CLUE", severity)
            for rule, (zh, en, severity) in CLUES.items()
        ),
    ),
    facility_cards=(
        manifest.FacilityCard(
            "emissions:facility_card", manifest.Names("在线数据", "Online data"), "emissions.view", order=35
        ),
    ),
    map_layers=(
        manifest.MapLayer(
            "emissions.outlets",
            manifest.Names("排放口", "Outlets"),
            "emissions:layer",
            "emissions.view",
            geometry="point",
            timed=True,
            order=50,
        ),
    ),
    registers=(
        manifest.Register(
            code="marks",
            names=manifest.Names("自动监测标记", "Marks of data"),
            model="emissions.Mark",
            view="emissions.view",
            change="emissions.mark",
            columns=("number", "facility", "outlet_number", "kind", "from_at", "to_at", "state"),
            fields=("facility", "outlet_number", "kind", "from_at", "to_at", "reason"),
            filters=("state", "kind"),
            search=("number", "outlet_number", "reason"),
            prefix="BJ",
            workflow="emission_mark",
            on_file=True,
            icon="list-checks",
            order=541,
        ),
        manifest.Register(
            code="checks",
            names=manifest.Names("质控核查", "Checks of instruments"),
            model="emissions.Check",
            view="emissions.view",
            change="emissions.mark",
            columns=("number", "facility", "outlet_number", "property_code", "kind", "at", "passed", "state"),
            fields=(
                "facility",
                "outlet_number",
                "property_code",
                "kind",
                "at",
                "reference",
                "measured",
                "result",
            ),
            filters=("state", "kind"),
            search=("number", "outlet_number", "property_code"),
            prefix="HC",
            workflow="emission_mark",
            on_file=True,
            icon="list-checks",
            order=543,
        ),
        manifest.Register(
            code="signals",
            names=manifest.Names("工况信号", "Process signals"),
            model="emissions.Signal",
            view="emissions.view",
            change="emissions.review",
            columns=("number", "facility", "outlet_number", "property_code", "role", "rated"),
            fields=("facility", "outlet_number", "property_code", "role", "rated"),
            filters=("role",),
            search=("number", "outlet_number", "property_code"),
            prefix="GK",
            on_file=True,
            icon="list-checks",
            order=544,
        ),
        manifest.Register(
            code="orders",
            names=manifest.Names("停限产要求", "Stop and limit orders"),
            model="emissions.Order",
            view="emissions.view",
            change="emissions.review",
            columns=("number", "facility", "kind", "from_at", "to_at", "ratio", "document"),
            fields=("facility", "kind", "from_at", "to_at", "ratio", "document"),
            filters=("kind",),
            search=("number", "document"),
            prefix="TX",
            on_file=True,
            icon="file-text",
            order=542,
        ),
    ),
    hooks=(
        manifest.Hook("person.todo", "emissions.queries.to_do"),
        manifest.Hook("outlet.masses", "emissions.queries.quarter_masses"),
        manifest.Hook("record.marks.approve", "emissions.services.gate_approval"),
    ),
    tasks=(
        manifest.PeriodicTask(
            "emissions.tasks.evaluate", every=15, names=manifest.Names("排放达标判定", "Judge emissions")
        ),
        manifest.PeriodicTask(
            "emissions.tasks.watch_silence", every=60, names=manifest.Names("无数据巡查", "Watch for silence")
        ),
        manifest.PeriodicTask(
            "emissions.tasks.judge_incineration",
            every=600,
            names=manifest.Names("垃圾焚烧日判定", "Judge incinerators"),
        ),
        manifest.PeriodicTask(
            "emissions.tasks.look_for_clues", every=600, names=manifest.Names("非现场线索", "Off-site clues")
        ),
    ),
)
