"""Pages, fragments and the map layer of the room."""

from jiangcheng.modules.air.views.now import card_counties, card_lines, layer, lines, overview, public_card
from jiangcheng.modules.air.views.outlook import check_now, forecasts, propose, warning_card, warnings
from jiangcheng.modules.air.views.periods import calendar, calendar_figure, ranking
from jiangcheng.modules.air.views.stations import components, profile_figure, station

__all__ = [
    "calendar",
    "calendar_figure",
    "card_counties",
    "card_lines",
    "check_now",
    "components",
    "forecasts",
    "layer",
    "lines",
    "overview",
    "profile_figure",
    "propose",
    "public_card",
    "ranking",
    "station",
    "warning_card",
    "warnings",
]
