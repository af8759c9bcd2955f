"""The room 污染源在线: outlets against their permits, and stations that fell silent."""

from jiangcheng.core import manifest

MANIFEST = manifest.Manifest(
    code="emissions",
    names=manifest.Names("污染源在线", "Online emissions"),
    permissions=(
        manifest.Permission("emissions.view", manifest.Names("查看污染源在线", "See online emissions")),
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
    hooks=(manifest.Hook("record.marks.approve", "emissions.services.gate_approval"),),
    tasks=(
        manifest.PeriodicTask(
            "emissions.tasks.evaluate", every=15, names=manifest.Names("排放达标判定", "Judge emissions")
        ),
        manifest.PeriodicTask(
            "emissions.tasks.watch_silence", every=60, names=manifest.Names("无数据巡查", "Watch for silence")
        ),
    ),
)
