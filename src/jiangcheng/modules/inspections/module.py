"""What the room `inspections` declares."""

from jiangcheng.core.manifest import Manifest, Names, Permission

MANIFEST = Manifest(
    code="inspections",
    names=Names("双随机检查", "Random inspections"),
    permissions=(
        Permission("inspections.view", Names("查看检查", "See inspections")),
        Permission("inspections.manage", Names("制定计划与抽取", "Plan and draw")),
        Permission("inspections.visit", Names("现场检查", "Visit")),
    ),
)
