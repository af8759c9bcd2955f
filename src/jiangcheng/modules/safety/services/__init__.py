"""What people and the clock do in the room."""

from jiangcheng.modules.safety.services.alarms import record_indicators, watch_clocks, watch_dose_rates
from jiangcheng.modules.safety.services.events import (
    acknowledge_notice,
    ended,
    judged,
    notice_moved,
    order_moved,
    regraded,
    release,
    repeat_drill,
    report,
    responded,
    send_notice,
    send_order,
    went_on,
)
from jiangcheng.modules.safety.services.links import Link, follow, forget_looks, token_of
from jiangcheng.modules.safety.services.loading import load
from jiangcheng.modules.safety.services.log import note, verify_log
from jiangcheng.modules.safety.services.packs import offline_pack
from jiangcheng.modules.safety.services.registers import (
    check_consultation,
    check_departure,
    hazard_reviewed,
    unit_checked,
)
from jiangcheng.modules.safety.services.runs import Unfit, compute_again, run_plume, run_river
from jiangcheng.modules.safety.services.supplies import NotEnough, move

__all__ = [
    "Link",
    "NotEnough",
    "Unfit",
    "acknowledge_notice",
    "check_consultation",
    "check_departure",
    "compute_again",
    "ended",
    "follow",
    "forget_looks",
    "hazard_reviewed",
    "judged",
    "load",
    "move",
    "note",
    "notice_moved",
    "offline_pack",
    "order_moved",
    "record_indicators",
    "regraded",
    "release",
    "repeat_drill",
    "report",
    "responded",
    "run_plume",
    "run_river",
    "send_notice",
    "send_order",
    "token_of",
    "unit_checked",
    "verify_log",
    "watch_clocks",
    "watch_dose_rates",
    "went_on",
]
