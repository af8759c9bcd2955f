"""The pages of wastes."""

from jiangcheng.modules.waste.views.cards import card_facility, card_home, card_manifest, card_pond
from jiangcheng.modules.waste.views.layers import transport_layer, units_layer
from jiangcheng.modules.waste.views.lorries import lorries, lorry_file, lorry_track
from jiangcheng.modules.waste.views.manifests import (
    add_item,
    manifests,
    new_manifest,
    remove_item,
    track,
    weigh,
)
from jiangcheng.modules.waste.views.pages import balances, codes, flows, hazardous, indicators, overview

__all__ = [
    "add_item",
    "balances",
    "card_facility",
    "card_home",
    "card_manifest",
    "card_pond",
    "codes",
    "flows",
    "hazardous",
    "indicators",
    "lorries",
    "lorry_file",
    "lorry_track",
    "manifests",
    "new_manifest",
    "overview",
    "remove_item",
    "track",
    "transport_layer",
    "units_layer",
    "weigh",
]
