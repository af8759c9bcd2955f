"""What the room `participation` declares."""

from jiangcheng.core.manifest import Manifest, Names, Permission

MANIFEST = Manifest(
    code="participation",
    names=Names("公众参与", "Participation"),
    permissions=(
        Permission("participation.view", Names("查看公众参与", "See participation")),
        Permission("participation.manage", Names("办理公众参与与发布", "Answer the public and publish")),
    ),
)
