"""Signals become incidents, incidents become cases; zones, plans, ledgers and images are kept beside them."""

from jiangcheng.modules.straw.services.cameras import (
    answer_order,
    as_told,
    fetch_orders,
    import_terrain,
    look,
    send_orders,
)
from jiangcheng.modules.straw.services.feed import ask, ask_all, configured
from jiangcheng.modules.straw.services.incidents import conclude, gather, note_result, reason_text
from jiangcheng.modules.straw.services.land import (
    LandReport,
    heat_of,
    import_land,
    import_land_raster,
    learn_heat,
    learn_month,
)
from jiangcheng.modules.straw.services.ledgers import copy_year
from jiangcheng.modules.straw.services.plans import (
    check_approval,
    check_out,
    check_start,
    evaluate_plan,
    note_out,
)
from jiangcheng.modules.straw.services.priority import rescore
from jiangcheng.modules.straw.services.reference import ReferenceReport, import_reference
from jiangcheng.modules.straw.services.scars import SCAR_BANDS, read_scar
from jiangcheng.modules.straw.services.scenes import SceneRefused, Village, read_scene, villages_of
from jiangcheng.modules.straw.services.signals import (
    NotTaken,
    Problem,
    Report,
    hear,
    import_firms,
    take_signals,
)
from jiangcheng.modules.straw.services.zones import ZoneReport, ZonesRefused, import_zones

__all__ = [
    "SCAR_BANDS",
    "LandReport",
    "NotTaken",
    "Problem",
    "ReferenceReport",
    "Report",
    "SceneRefused",
    "Village",
    "ZoneReport",
    "ZonesRefused",
    "answer_order",
    "as_told",
    "ask",
    "ask_all",
    "check_approval",
    "check_out",
    "check_start",
    "conclude",
    "configured",
    "copy_year",
    "evaluate_plan",
    "fetch_orders",
    "gather",
    "hear",
    "heat_of",
    "import_firms",
    "import_land",
    "import_land_raster",
    "import_reference",
    "import_terrain",
    "import_zones",
    "learn_heat",
    "learn_month",
    "look",
    "note_out",
    "note_result",
    "read_scar",
    "read_scene",
    "reason_text",
    "rescore",
    "send_orders",
    "take_signals",
    "villages_of",
]
