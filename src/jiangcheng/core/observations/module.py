"""What the desk `observations` declares."""

from jiangcheng.core.manifest import ApiRouter, Manifest, Names, Page, PeriodicTask, Permission

MANIFEST = Manifest(
    code="observations",
    names=Names("监测数据", "Observations"),
    permissions=(Permission("observations.view", Names("查看监测数据", "View observations")),),
    pages=(
        Page(
            "observations:stations",
            Names("监测站点", "Stations"),
            "observations.view",
            "sense",
            "activity",
            20,
        ),
        Page(
            "observations:standards",
            Names("标准与限值", "Standards and limits"),
            "observations.view",
            "judge",
            "book-open",
            90,
        ),
    ),
    tasks=(
        PeriodicTask("observations.tasks.roll_up", 300, Names("更新日统计", "Update daily roll-ups")),
        PeriodicTask("observations.tasks.seal", 6 * 3600, Names("封存历史月份", "Seal closed months")),
        PeriodicTask("observations.tasks.tidy", 24 * 3600, Names("清理存储", "Tidy the store")),
    ),
    api=(ApiRouter("observations.api.router"),),
)
