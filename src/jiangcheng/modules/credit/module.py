"""What the room `credit` declares."""

from jiangcheng.core.manifest import Manifest, Names, Permission

MANIFEST = Manifest(
    code="credit",
    names=Names("环保信用", "Credit"),
    permissions=(
        Permission("credit.view", Names("查看环保信用", "See credit")),
        Permission("credit.manage", Names("记分、修复与名单", "Keep credit, repair and lists")),
    ),
)
