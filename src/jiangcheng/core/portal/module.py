"""What the desk `portal` declares."""

from jiangcheng.core.manifest import Manifest, Names, Page, PeriodicTask, Permission

MANIFEST = Manifest(
    code="portal",
    names=Names("门户", "Portal"),
    permissions=(
        Permission("portal.view", Names("登录后看到首页和地图", "See the home page and the map")),
        Permission("portal.metrics", Names("读取运行指标", "Read the operating metrics")),
    ),
    pages=(
        Page("portal:home", Names("态势首页", "Overview"), "portal.view", "overview", "house", 10),
        Page("portal:map", Names("一张图", "One map"), "portal.view", "overview", "map", 20),
    ),
    tasks=(PeriodicTask("portal.tasks.sweep", 3600, Names("清理实时动态", "Sweep the live stream")),),
)
