"""Signals become incidents, incidents become cases; zones and residue plans are kept beside them."""

from jiangcheng.modules.straw.services.incidents import conclude, gather, reason_text
from jiangcheng.modules.straw.services.plans import check_approval, check_start, evaluate_plan, note_out
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
    "NotTaken",
    "Problem",
    "Report",
    "ZoneReport",
    "ZonesRefused",
    "check_approval",
    "check_start",
    "conclude",
    "evaluate_plan",
    "gather",
    "hear",
    "import_firms",
    "import_zones",
    "note_out",
    "reason_text",
    "take_signals",
]
