"""The pages of the room."""

from jiangcheng.modules.emissions.views.clues import clue, clue_list, clue_pack, clue_series, evidence_key
from jiangcheng.modules.emissions.views.facility import facility_card
from jiangcheng.modules.emissions.views.marking import hand_in, marking
from jiangcheng.modules.emissions.views.outlet import outlet, outlet_series
from jiangcheng.modules.emissions.views.overview import layer, overview

__all__ = [
    "clue",
    "clue_list",
    "clue_pack",
    "clue_series",
    "evidence_key",
    "facility_card",
    "hand_in",
    "layer",
    "marking",
    "outlet",
    "outlet_series",
    "overview",
]
