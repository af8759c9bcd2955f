"""The pages and map layers of the room."""

from jiangcheng.modules.straw.views.desk import (
    conclude,
    desk,
    import_firms,
    import_zones,
    layer,
    signals,
    zones_layer,
)
from jiangcheng.modules.straw.views.pages import ledger, season, window

__all__ = [
    "conclude",
    "desk",
    "import_firms",
    "import_zones",
    "layer",
    "ledger",
    "season",
    "signals",
    "window",
    "zones_layer",
]
