"""What the room `enforcement` declares."""

from jiangcheng.core.manifest import Manifest, Names, Permission

MANIFEST = Manifest(
    code="enforcement",
    names=Names("行政执法", "Enforcement"),
    permissions=(
        Permission("enforcement.view", Names("查看执法案件", "See enforcement cases")),
        Permission("enforcement.handle", Names("办理执法案件", "Handle enforcement cases")),
        Permission("enforcement.review", Names("法制审核", "Review legally")),
        Permission("enforcement.decide", Names("作出决定", "Decide")),
    ),
)
