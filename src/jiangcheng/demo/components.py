"""A component station of the demo city: four sources of particles and three of organic vapours. All synthetic."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from jiangcheng.core.access.models import User
from jiangcheng.core.observations import store
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.demo import truth
from jiangcheng.modules.air import services as air
from jiangcheng.modules.source_tracing import services
from jiangcheng.standards import periods

STATION, DAYS = "1775A", 21
PARTICLES = {
    "二次硫酸盐硝酸盐": {"pm_so4": 0.36, "pm_no3": 0.34, "pm_nh4": 0.27, "pm_oc": 0.03},
    "燃煤": {"pm_oc": 0.42, "pm_ec": 0.22, "pm_so4": 0.2, "pm_cl": 0.13, "pm_k": 0.03},
    "机动车": {"pm_oc": 0.5, "pm_ec": 0.38, "pm_no3": 0.08, "pm_fe": 0.04},
    "扬尘": {"pm_si": 0.46, "pm_al": 0.18, "pm_ca_element": 0.2, "pm_fe": 0.12, "pm_ti": 0.02, "pm_mg": 0.02},
}
VAPOURS = {
    "机动车尾气": {"voc_toluene": 0.2, "voc_benzene": 0.11, "voc_isopentane": 0.3, "voc_npentane": 0.14,
                   "voc_acetylene": 0.13, "voc_ethylene": 0.12},
    "溶剂使用": {"voc_toluene": 0.38, "voc_mpxylene": 0.28, "voc_ethylbenzene": 0.12, "voc_oxylene": 0.1,
                 "voc_ethylacetate": 0.12},
    "石化": {"voc_propane": 0.26, "voc_propylene": 0.2, "voc_ethane": 0.24, "voc_ethylene": 0.18, "voc_nhexane": 0.07,
             "voc_benzene": 0.05},
}  # fmt: skip
RUSH = {"机动车": (8, 18), "机动车尾气": (8, 18), "燃煤": (21, 6), "扬尘": (14, 14), "溶剂使用": (15, 15)}
"""Beijing hours around which a source is busiest."""
Floats = NDArray[np.float64]


def furnish(*, now: dt.datetime, people: dict[str, User]) -> None:
    """Load species of three weeks and their library, take particles apart; nothing where the station is missing."""
    station = Station.objects.filter(code=STATION).first()
    if station is None:
        return
    air.load()
    end = int(now.timestamp()) // periods.HOUR * periods.HOUR
    start = np.arange(end - DAYS * periods.DAY, end, periods.HOUR, dtype=np.int64)
    random = np.random.default_rng(truth.SEED + 5)
    # What is reconstructed adds oxygen and hydrogen to carbon, and oxygen to soil: the species are less than the mass.
    _load(station, start, PARTICLES, 0.72 * _mass(station, start), random)
    _load(station, start, VAPOURS, np.exp(random.normal(2.6, 0.25, start.size)), random)
    for name, species in {**PARTICLES, **VAPOURS}.items():
        values = {
            "name_zh": f"{name}（演示）",
            "species": species,
            "industry": "",
            "basis": "演示指纹，非实测",
        }
        records.create(register="source-profiles", values=values, actor=people["department"], at=now)
    run = services.ask(
        kind="pmf", station=station, observed="pm", start=dt.datetime.fromtimestamp(int(start[0]), dt.UTC), end=now,
        now=now, actor=people["duty"],
    )  # fmt: skip
    services.work(run=run, clock=lambda: now)


def _mass(station: Station, start: Floats | NDArray[np.int64]) -> Floats:
    """Return the station's PM2.5 by hour, its median where there is none [µg/m³]."""
    key = ObservedProperty.objects.get(code="a34004", statistic="avg").pk
    table = store.read(
        stations=[station.pk], properties=[key], granularity=store.Granularity.HOUR, start=int(start[0]),
        end=int(start[-1]) + periods.HOUR,
    )  # fmt: skip
    found = np.full(start.size, np.nan)
    place = (table["start"].to_numpy() - int(start[0])) // periods.HOUR
    found[place] = table["value"].to_numpy()
    return np.where(np.isfinite(found), found, np.nanmedian(found) if np.isfinite(found).any() else 30.0)


def _load(
    station: Station, start: NDArray[np.int64], sources: dict[str, dict[str, float]], whole: Floats,
    random: np.random.Generator,
) -> None:  # fmt: skip
    """Share a whole out among sources that come and go, and write the hours of every species."""
    amount = whole[:, None] * _shares(start, list(sources), random)
    codes = sorted({code for row in sources.values() for code in row})
    table = np.array([[row.get(code, 0.0) for code in codes] for row in sources.values()])
    values = amount @ table
    values = np.maximum(values * (1.0 + 0.11 * random.standard_normal(values.shape)), 0.0) + 0.005
    keys = dict(ObservedProperty.objects.filter(code__in=codes, statistic="avg").values_list("code", "pk"))
    # A day without the instrument, and single hours.
    gone = random.random(values.shape) < 0.01
    gone[-10 * 24 : -9 * 24] = True
    rows, columns = np.nonzero(~gone)
    batch = store.Batch.of(
        granularity=int(store.Granularity.HOUR), start=start[rows], station=station.pk,
        property=np.array([keys[code] for code in codes])[columns], value=np.round(values[rows, columns], 4),
    )  # fmt: skip
    store.append(
        batch, source="demo:components", received_at=dt.datetime.fromtimestamp(int(start[-1]) + 3600, dt.UTC)
    )


def _shares(start: NDArray[np.int64], names: list[str], random: np.random.Generator) -> Floats:
    """Return the share of each source by hour: busy hours, spells of days, and hours without it."""
    hour = periods.hour_of_day(start)
    weight = np.empty((start.size, len(names)))
    for column, name in enumerate(names):
        spell = np.repeat(random.gamma(2.0, 0.5, start.size // 12 + 1), 12)[: start.size]
        peaks = [np.exp(-0.5 * (((hour - at + 12) % 24 - 12) / 2.5) ** 2) for at in RUSH.get(name, ())]
        weight[:, column] = (
            spell * (0.4 + sum(peaks, np.zeros(start.size))) * (random.random(start.size) < 0.85)
        )
    return np.asarray(weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-9))
