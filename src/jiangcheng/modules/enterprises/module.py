"""What the room `enterprises` declares."""

from jiangcheng.core.manifest import Manifest, Names, Permission

MANIFEST = Manifest(
    code="enterprises",
    names=Names("企业监管", "Enterprises"),
    permissions=(
        Permission("enterprises.view", Names("查看企业档案", "See enterprise files")),
        Permission(
            "enterprises.manage",
            Names("管理企业档案、名单与一企一码", "Keep enterprise files, lists and plates"),
        ),
        Permission("enterprises.own", Names("企业自助：自证、整改、申诉", "Self-service of an enterprise")),
    ),
)
