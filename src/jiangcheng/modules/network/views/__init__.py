"""The pages of the network."""

from jiangcheng.modules.network.views.cards import agency_card, campaign_card, request_card, station_card
from jiangcheng.modules.network.views.centre import catalogue, catalogue_json
from jiangcheng.modules.network.views.coverage import overview, points, quality
from jiangcheng.modules.network.views.yearly import edition, edition_json, freeze, rural, statistics

__all__ = [
    "agency_card",
    "campaign_card",
    "catalogue",
    "catalogue_json",
    "edition",
    "edition_json",
    "freeze",
    "overview",
    "points",
    "quality",
    "request_card",
    "rural",
    "station_card",
    "statistics",
]
