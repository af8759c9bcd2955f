"""The room 污染源在线: outlets against their permits, and stations that fell silent."""

from jiangcheng.core import manifest

MANIFEST = manifest.Manifest(
    code="emissions",
    names=manifest.Names("污染源在线", "Online emissions"),
    permissions=(
        manifest.Permission("emissions.view", manifest.Names("查看污染源在线", "See online emissions")),
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
    tasks=(
        manifest.PeriodicTask(
            "emissions.tasks.evaluate", every=15, names=manifest.Names("排放达标判定", "Judge emissions")
        ),
        manifest.PeriodicTask(
            "emissions.tasks.watch_silence", every=60, names=manifest.Names("无数据巡查", "Watch for silence")
        ),
    ),
)
