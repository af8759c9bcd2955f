"""The pages, cards and map layers of the room."""

from jiangcheng.modules.noise.views.clips import clips_card, sound, upload_clip
from jiangcheng.modules.noise.views.desk import action_card, cases, decide, permit_card
from jiangcheng.modules.noise.views.grades import grades
from jiangcheng.modules.noise.views.levels import layer, overview, profile, station
from jiangcheng.modules.noise.views.zoning import import_areas, sensitive_layer, zones, zones_layer

__all__ = [
    "action_card",
    "cases",
    "clips_card",
    "decide",
    "grades",
    "import_areas",
    "layer",
    "overview",
    "permit_card",
    "profile",
    "sensitive_layer",
    "sound",
    "station",
    "upload_clip",
    "zones",
    "zones_layer",
]
