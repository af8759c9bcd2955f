"""Manifests, their tracks and weighings; what is watched; the numbers of the indicators."""

from jiangcheng.modules.waste.services.indicators import compute
from jiangcheng.modules.waste.services.lorries import read_points, take_lorry_tracks
from jiangcheng.modules.waste.services.manifests import (
    add_item,
    check_confirm,
    check_issue,
    draft,
    note_arrival,
    note_difference,
    note_paper,
    note_rejection,
    note_returned,
    note_settled,
    note_ship,
    remove_item,
    review,
    take_track,
    weigh,
)
from jiangcheng.modules.waste.services.transfers import (
    give_back,
    note_agreed,
    note_applied,
    note_approved,
    note_consulted,
)
from jiangcheng.modules.waste.services.watch import note_cleared, watch

__all__ = [
    "add_item",
    "check_confirm",
    "check_issue",
    "compute",
    "draft",
    "give_back",
    "note_agreed",
    "note_applied",
    "note_approved",
    "note_arrival",
    "note_cleared",
    "note_consulted",
    "note_difference",
    "note_paper",
    "note_rejection",
    "note_returned",
    "note_settled",
    "note_ship",
    "read_points",
    "remove_item",
    "review",
    "take_lorry_tracks",
    "take_track",
    "watch",
    "weigh",
]
