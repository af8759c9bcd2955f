"""What the desk `registry` declares."""

from jiangcheng.core.manifest import Manifest, MapLayer, Names, Page, Permission

MANIFEST = Manifest(
    code="registry",
    names=Names("名录", "Register"),
    permissions=(Permission("registry.view", Names("查看名录", "View the register")),),
    pages=(
        Page("registry:facilities", Names("企业名录", "Facilities"), "registry.view", "sense", "factory", 40),
    ),
    map_layers=(
        MapLayer("areas", Names("行政区与网格", "Areas and grid"), "registry:areas_layer",
                 "registry.view", "polygon", order=10),
        MapLayer("facilities", Names("企业", "Facilities"), "registry:facilities_layer",
                 "registry.view", "point", visible=False, order=60),
    ),
)  # fmt: skip
