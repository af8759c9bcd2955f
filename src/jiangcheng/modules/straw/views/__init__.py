"""The pages and map layers of the room."""

from jiangcheng.modules.straw.views.desk import (
    cameras_layer,
    conclude,
    desk,
    import_firms,
    import_zones,
    layer,
    look,
    signals,
    zones_layer,
)
from jiangcheng.modules.straw.views.duty import accounts
from jiangcheng.modules.straw.views.fields import cover, draw_zone, import_scene, progress
from jiangcheng.modules.straw.views.pages import copy_year, ledger, window
from jiangcheng.modules.straw.views.scars import import_scar, scars
from jiangcheng.modules.straw.views.season import season, season_file
from jiangcheng.modules.straw.views.watching import watch

__all__ = [
    "accounts",
    "cameras_layer",
    "conclude",
    "copy_year",
    "cover",
    "desk",
    "draw_zone",
    "import_firms",
    "import_scar",
    "import_scene",
    "import_zones",
    "layer",
    "ledger",
    "look",
    "progress",
    "scars",
    "season",
    "season_file",
    "signals",
    "watch",
    "window",
    "zones_layer",
]
