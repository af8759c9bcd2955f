"""The public site, and the desk of those who answer the public."""

from jiangcheng.modules.participation.views.desk import complaint, desk, identity, intake, photo, reply
from jiangcheng.modules.participation.views.facility import facility_card
from jiangcheng.modules.participation.views.heat import hotspots, hotspots_catalogue, hotspots_layer
from jiangcheng.modules.participation.views.opendata import catalogue, data, stations, values
from jiangcheng.modules.participation.views.site import (
    book,
    cancel,
    correct,
    follow,
    home,
    openings,
    register,
    release,
    releases,
    report,
    sent,
)

__all__ = [
    "book",
    "cancel",
    "catalogue",
    "complaint",
    "correct",
    "data",
    "desk",
    "facility_card",
    "follow",
    "home",
    "hotspots",
    "hotspots_catalogue",
    "hotspots_layer",
    "identity",
    "intake",
    "openings",
    "photo",
    "register",
    "release",
    "releases",
    "reply",
    "report",
    "sent",
    "stations",
    "values",
]
