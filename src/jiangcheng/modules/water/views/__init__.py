"""Pages, fragments and map layers of the room."""

from jiangcheng.modules.water.views.cards import algae_card, black_card, outfall_card, samples_card, zone_card
from jiangcheng.modules.water.views.months import lake, matrix, strip
from jiangcheng.modules.water.views.online import camera_card, online_card, patrols_card, section_card
from jiangcheng.modules.water.views.outfalls import outfalls, plate, square
from jiangcheng.modules.water.views.rates import rates, upload_flows
from jiangcheng.modules.water.views.sections import layer, overview, public_card, rivers
from jiangcheng.modules.water.views.sources import source_card, sources, zones

__all__ = [
    "algae_card",
    "black_card",
    "camera_card",
    "lake",
    "layer",
    "matrix",
    "online_card",
    "outfall_card",
    "outfalls",
    "overview",
    "patrols_card",
    "plate",
    "public_card",
    "rates",
    "rivers",
    "samples_card",
    "section_card",
    "source_card",
    "sources",
    "square",
    "strip",
    "upload_flows",
    "zone_card",
    "zones",
]
