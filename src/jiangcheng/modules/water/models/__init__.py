"""Registers of the water room."""

from jiangcheng.modules.water.models.online import OnlineLimit, SourceCamera, SourcePatrol
from jiangcheng.modules.water.models.outfalls import Outfall
from jiangcheng.modules.water.models.rural import ManureFarm, Village
from jiangcheng.modules.water.models.samples import WaterSample
from jiangcheng.modules.water.models.sources import (
    BackupSource,
    DrinkingSource,
    RechargeArea,
    SourceCheck,
    SourceZone,
)
from jiangcheng.modules.water.models.use import BaseFlowSection, WaterQuota, Well
from jiangcheng.modules.water.models.waters import (
    AlgaeEvent,
    BeautifulWater,
    BlackWater,
    FourChaos,
    FunctionalZone,
)

__all__ = [
    "AlgaeEvent",
    "BackupSource",
    "BaseFlowSection",
    "BeautifulWater",
    "BlackWater",
    "DrinkingSource",
    "FourChaos",
    "FunctionalZone",
    "ManureFarm",
    "OnlineLimit",
    "Outfall",
    "RechargeArea",
    "SourceCamera",
    "SourceCheck",
    "SourcePatrol",
    "SourceZone",
    "Village",
    "WaterQuota",
    "WaterSample",
    "Well",
]
