"""What the desk `portal` declares."""

from jiangcheng.core.manifest import HomeCard, Manifest, Names, Page, PeriodicTask, Permission

MANIFEST = Manifest(
    code="portal",
    names=Names("门户", "Portal"),
    permissions=(
        Permission("portal.view", Names("登录后看到首页和地图", "See the home page and the map")),
        Permission("portal.metrics", Names("读取运行指标", "Read the operating metrics")),
        Permission("portal.deliveries", Names("查看和重试通知发送", "See and retry deliveries of messages")),
    ),
    pages=(
        Page("portal:home", Names("态势首页", "Overview"), "portal.view", "overview", "house", 10),
        Page("portal:map", Names("一张图", "One map"), "portal.view", "overview", "map", 20),
        Page("portal:todo", Names("我的待办", "My to-do list"), "portal.view", "overview", "list-checks", 30),
        Page("portal:messages", Names("消息中心", "Messages"), "portal.view", "overview", "bell", 40),
        Page(
            "portal:deliveries", Names("通知发送", "Deliveries"), "portal.deliveries", "system", "send", 320
        ),
    ),
    home_cards=(HomeCard("portal:todo_card", "portal.view", "side", 5),),
    tasks=(
        PeriodicTask("portal.tasks.sweep", 3600, Names("清理实时动态", "Sweep the live stream")),
        PeriodicTask("portal.tasks.deliver", 5, Names("发送通知", "Send messages out of the house")),
    ),
)
