"""What the room `inspectorate` declares."""

from jiangcheng.core.manifest import Manifest, Names, Permission

MANIFEST = Manifest(
    code="inspectorate",
    names=Names("环保督察", "Inspectorate"),
    permissions=(
        Permission("inspectorate.view", Names("查看督察整改", "See rectification")),
        Permission("inspectorate.manage", Names("管理督察整改", "Manage rectification")),
        Permission("inspectorate.work", Names("落实整改任务", "Carry out rectification")),
        Permission("inspectorate.accept", Names("验收销号", "Accept and close out")),
    ),
)
