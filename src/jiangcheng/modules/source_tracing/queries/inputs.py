"""Everything a run reads, gathered once and frozen: arrays, and what describes them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

from jiangcheng.core.manifest import manifests
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import ObservedProperty, Outlet, Station
from jiangcheng.modules.source_tracing.models import FenceStation, Park, RiverReach, TraceRun
from jiangcheng.modules.source_tracing.queries import emitters, species, store
from jiangcheng.modules.source_tracing.rules import odour, tables
from jiangcheng.modules.source_tracing.rules.frame import Frame
from jiangcheng.modules.source_tracing.rules.refusals import Refusal
from jiangcheng.standards import periods

DAY = 24 * store.HOUR
LATTICE = 25
"""Places along each side of the area in which people could have smelt something."""
WIND_KM = 80.0
"""Distance up to which a wind station tells something about the target."""


@dataclasses.dataclass(frozen=True, slots=True)
class Gathered:
    """Inputs of one run."""

    arrays: dict[str, NDArray[Any]]
    meta: dict[str, Any]


def gather(run: TraceRun) -> Gathered:
    """Return the inputs of a run as the store and the registers stand now.

    Raises
    ------
    Refusal
        If something without which no method can start is missing.
    """
    on = run.starts_at.astimezone(periods.BEIJING).date()
    matching = tables.in_force("matching", on)
    settings = settings_of(run)
    if run.kind == TraceRun.Kind.ODOUR:
        return _odour(run, matching, settings, on)
    if run.kind == TraceRun.Kind.RIVER:
        return _river(run, matching, settings)
    if run.kind == TraceRun.Kind.PMF:
        return _species_table(run, matching, on)
    return _air(run, matching, settings, on)


def settings_of(run: TraceRun) -> dict[str, Any]:
    """Return the settings of a run: the tables of its day, and what the person changed."""
    on = run.starts_at.astimezone(periods.BEIJING).date()
    weights = tables.in_force("weights", on)["room"].get(run.kind, {})
    return {**tables.in_force("defaults", on)[run.kind], "weights": weights, **run.parameters}


def _base(run: TraceRun, found: list[emitters.Emitter]) -> dict[str, Any]:
    return {
        "origin": [run.longitude, run.latitude],
        "seed": run.seed,
        "observed": run.observed,
        "target": run.station.code if run.station else "",
        "emitters": [item.described() for item in found],
    }


def _placed(frame: Frame, found: list[emitters.Emitter], height: float) -> dict[str, NDArray[Any]]:
    place = frame.plane([item.longitude for item in found], [item.latitude for item in found])
    confirmed, named = emitters.history(found)
    return {
        "emitter_place": place.reshape(-1, 2),
        "emitter_height": np.full(len(found), float(height)),
        "confirmed": confirmed,
        "named": named,
    }


def _winds(
    frame: Frame, matching: Mapping[str, Any], time: NDArray[np.int64]
) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Return the winds around a point, the nearest station first; the nearest that has any wind is the wind there."""
    known = store.keys([matching["wind_speed"], matching["wind_direction"]])
    none = {
        "speed": np.full(len(time), np.nan), "direction": np.full(len(time), np.nan),
        "winds_speed": np.zeros((len(time), 0)), "winds_direction": np.zeros((len(time), 0)),
        "winds_place": np.zeros((0, 2)),
    }  # fmt: skip
    if len(known) < 2:
        return none, []
    keys, tables_ = store.matrix(stations=None, properties=list(known.values()), time=time)
    if not keys:
        return none, []
    rows = store.places(keys)
    at = frame.plane([rows[key].longitude for key in keys], [rows[key].latitude for key in keys])
    apart = np.hypot(*at.T)
    order = [i for i in np.argsort(apart, kind="stable") if apart[i] <= 1000.0 * WIND_KM]
    speed, direction = (tables_[known[matching[name]]][:, order] for name in ("wind_speed", "wind_direction"))
    # The nearest station speaks for the target; where it is silent, the next one does.
    both = np.isfinite(speed) & (np.isfinite(direction) | (speed < 0.5))
    first = both.argmax(axis=1)
    pick = np.arange(len(time))
    heard = both.any(axis=1)
    return {
        "speed": np.where(heard, speed[pick, first], np.nan) if order else none["speed"],
        "direction": np.where(heard, direction[pick, first], np.nan) if order else none["direction"],
        "winds_speed": speed, "winds_direction": direction, "winds_place": at[order],
    }, [rows[keys[i]].code for i in order]  # fmt: skip


def _event(run: TraceRun, time: NDArray[np.int64]) -> NDArray[np.bool_]:
    start, end = int(run.starts_at.timestamp()), int(run.ends_at.timestamp())
    return np.asarray((time + store.HOUR > start) & (time < end))


def _air(run: TraceRun, matching: Mapping[str, Any], settings: Mapping[str, Any], on: dt.date) -> Gathered:
    assert run.station is not None
    frame = Frame(run.longitude, run.latitude)
    time = store.hours(run.starts_at - dt.timedelta(days=settings["history_days"]), run.ends_at)
    voc = run.kind == TraceRun.Kind.VOC
    park = Park.objects.filter(number=run.park).first() if run.park else None
    match = matching["air"].get(run.observed, {"stack": run.observed, "registers": []})
    found = emitters.near(
        frame=frame, reach_km=settings["reach_km"], registers=match["registers"], park=park, outlets=not voc
    )
    known = store.keys([run.observed])
    if run.observed not in known:
        raise Refusal("no_values")
    stations = _receptors(run, frame, settings, park)
    keys, tables_ = store.matrix(
        stations=[station.pk for station in stations], properties=[known[run.observed]], time=time
    )
    values = tables_.get(known[run.observed], np.zeros((len(time), 0)))
    column = {key: i for i, key in enumerate(keys)}
    if run.station.pk not in column:
        raise Refusal("no_values")
    heard = [run.station, *(item for item in stations if item.pk in column and item.pk != run.station.pk)]
    others = values[:, [column[item.pk] for item in heard]]
    emission, online = emitters.emissions(found, stack=match["stack"], flow=matching["flow"], time=time)
    wind, wind_codes = _winds(frame, matching, time)
    event = _event(run, time)
    arrays: dict[str, NDArray[Any]] = {
        "time": time, "event": event, "value": others[:, 0], "others": others,
        "receptor_place": frame.plane([s.longitude for s in heard], [s.latitude for s in heard]),
        "emission": emission, "online": online, **wind, **_placed(frame, found, settings["height"]),
        **emitters.power(
            found, production=matching["power_production"], treatment=matching["power_treatment"], time=time
        ),
    }  # fmt: skip
    unit = ObservedProperty.objects.get(pk=known[run.observed]).unit_text
    meta = _base(run, found) | {
        "receptors": [item.code for item in heard], "winds": wind_codes, "unit": unit,
        "grams": 1e-6 if unit.startswith("µg") else 1e-3, "stack": match["stack"],
    }  # fmt: skip
    rise = _species(run, matching, time, event)
    if rise is not None:
        codes, profile = rise
        arrays["profile"], arrays["library"] = profile, emitters.profiles(found, codes, on)
        meta["species"] = codes
    return Gathered(arrays, meta)


def _receptors(run: TraceRun, frame: Frame, settings: Mapping[str, Any], park: Park | None) -> list[Station]:
    """Return the stations that may have smelt the same: those of the fence, or the air stations around."""
    rows = Station.objects.exclude(
        kind__in=(Station.Kind.GAS_OUTLET, Station.Kind.WATER_OUTLET, Station.Kind.AREA)
    )
    if park is not None:
        fence = FenceStation.objects.filter(park=park.number, withdrawn_at=None)
        rows = rows.filter(
            code__in=[*fence.values_list("station_code", flat=True), run.station.code if run.station else ""]
        )
    else:
        rows = rows.filter(kind=Station.Kind.AIR)
    found = list(rows.order_by("pk"))
    if not found:
        return []
    apart = np.hypot(*frame.plane([s.longitude for s in found], [s.latitude for s in found]).T)
    return [
        found[i] for i in np.argsort(apart, kind="stable") if apart[i] <= 1000.0 * settings["receptors_km"]
    ]


def _species(
    run: TraceRun, matching: Mapping[str, Any], time: NDArray[np.int64], event: NDArray[np.bool_]
) -> tuple[list[str], NDArray[np.float64]] | None:
    """Return the species the target measures and their mean rise in the event, None with fewer than three."""
    assert run.station is not None
    known = store.keys(matching["voc"])
    keys, tables_ = store.matrix(stations=[run.station.pk], properties=list(known.values()), time=time)
    if not keys:
        return None
    codes, rise = [], []
    for code, key in known.items():
        series = tables_[key][:, 0]
        inside, outside = series[event & np.isfinite(series)], series[~event & np.isfinite(series)]
        if inside.size and outside.size:
            codes.append(code)
            rise.append(max(float(inside.mean() - np.median(outside)), 0.0))
    if len(codes) < 3 or not any(rise):
        return None
    return codes, np.array(rise)


def _species_table(run: TraceRun, matching: Mapping[str, Any], on: dt.date) -> Gathered:
    """Return the species of a station over the period, with the wind there, for the receptor model."""
    assert run.station is not None
    time = store.hours(run.starts_at, run.ends_at)
    arrays, described = species.gather(station=run.station, family=run.observed, time=time, on=on)
    wind, codes = _winds(Frame(run.longitude, run.latitude), matching, time)
    winds = {name: wind[name] for name in ("speed", "direction")}
    return Gathered({"time": time, **arrays, **winds}, _base(run, []) | described | {"winds": codes})


def _odour(run: TraceRun, matching: Mapping[str, Any], settings: Mapping[str, Any], on: dt.date) -> Gathered:
    frame = Frame(run.longitude, run.latitude)
    answers = manifests.ask("complaint.observations", kind="air", since=run.starts_at, until=run.ends_at)
    heard = [item for answer in answers for item in answer]
    place = frame.plane([i["longitude"] for i in heard], [i["latitude"] for i in heard]).reshape(-1, 2)
    inside = np.hypot(*place.T) <= 1000.0 * settings["radius_km"] if len(heard) else np.zeros(0, bool)
    heard = [item for item, here in zip(heard, inside.tolist(), strict=True) if here]
    if not heard:
        raise Refusal("no_complaints")
    place = place[inside]
    at = np.array([item["at"].timestamp() for item in heard])
    kept, repeats = odour.aggregated(
        reporter=[item["reporter"] for item in heard], place=place, at=at, radius=settings["same_place_m"]
    )
    time = store.hours(run.starts_at - dt.timedelta(hours=1), run.ends_at)
    spots, people = _people(frame, 1000.0 * (settings["radius_km"] + settings["reach_km"]) / 2.0, on)
    found = emitters.near(frame=frame, reach_km=settings["reach_km"], outlets=False)
    wind, codes = _winds(frame, matching, time)
    arrays: dict[str, NDArray[Any]] = {
        "place": place[kept], "at": at[kept], "repeats": repeats, "cell_place": spots, "people": people,
        "time": time, "speed": wind["speed"], "direction": wind["direction"],
        **_placed(frame, found, settings["height"]),
    }  # fmt: skip
    return Gathered(arrays, _base(run, found) | {"winds": codes, "cases": [heard[i]["case"] for i in kept]})


def _people(frame: Frame, reach: float, on: dt.date) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return places on a lattice around a point, and how many grid cells' people live at each.

    Leaf cells are drawn to hold about as many people each, so the people of a small cell live close together.
    """
    cells = [shape(cell.boundary) for cell in registry.grid_cells(on=on) if cell.boundary]
    axis = np.linspace(-reach, reach, LATTICE)
    spots = np.column_stack([np.tile(axis, LATTICE), np.repeat(axis, LATTICE)])
    spots = spots[np.hypot(*spots.T) <= reach]
    if not cells:
        return np.zeros((0, 2)), np.zeros(0)
    at = shapely.points(np.array(frame.degrees(spots)))
    points, owners = shapely.STRtree(cells).query(at, predicate="intersects")
    first = np.unique(points, return_index=True)[1]
    points, owners = points[first], owners[first]
    # Square degrees of one lattice place, to compare with the cells' own area.
    corner = np.array(frame.degrees([[0.0, 0.0], [axis[1] - axis[0]] * 2]))
    patch = float(np.prod(corner[1] - corner[0]))
    areas = shapely.area(np.array(cells, dtype=object))
    return spots[points], np.asarray(patch / areas[owners], np.float64)


def _river(run: TraceRun, matching: Mapping[str, Any], settings: Mapping[str, Any]) -> Gathered:
    assert run.station is not None
    frame = Frame(run.longitude, run.latitude)
    reaches = list(RiverReach.objects.filter(withdrawn_at=None).order_by("pk"))
    names = sorted({name for row in reaches for name in (row.upper, row.lower)})
    number = {name: i for i, name in enumerate(names)}
    if run.station.code not in number:
        raise Refusal("no_reach", section=run.station.name_zh)
    known = store.keys([run.observed])
    if run.observed not in known:
        raise Refusal("no_values")
    time = store.hours(run.starts_at - dt.timedelta(days=settings["history_days"]), run.ends_at)
    keys, tables_ = store.matrix(stations=[run.station.pk], properties=[known[run.observed]], time=time)
    if not keys:
        raise Refusal("no_values")
    value = tables_[known[run.observed]][:, 0]
    heard = np.isfinite(value)
    found, reach, above = _outfalls(reaches, settings["snap_km"])
    online = _online(found, run.observed, matching, time)
    place = frame.plane([0.0] * 0, [0.0] * 0).reshape(-1, 2)
    arrays: dict[str, NDArray[Any]] = {
        "upper": np.array([number[row.upper] for row in reaches], np.int64),
        "lower": np.array([number[row.lower] for row in reaches], np.int64),
        "length": np.array([row.length_km * 1000.0 for row in reaches]),
        "slow": np.array([row.slow for row in reaches]), "fast": np.array([row.fast for row in reaches]),
        "area": np.array([row.area_m2 for row in reaches]), "spread": np.array([row.spread for row in reaches]),
        "decay": np.array([row.decay / DAY for row in reaches]),
        "time": time[heard].astype(np.float64), "value": value[heard], "event": _event(run, time)[heard],
        "outfall_reach": reach, "outfall_above": above, "online": online, "online_time": time.astype(np.float64),
        "node_place": place,
        **{name: item for name, item in _placed(frame, found, 0.0).items() if name in ("confirmed", "named")},
    }  # fmt: skip
    meta = _base(run, found) | {
        "nodes": names, "node": number[run.station.code],
        "node_names": _node_names(names),
        "reaches": [{"river": row.river, "course": row.course} for row in reaches],
        "ends": [[list(row.course["coordinates"][0]), list(row.course["coordinates"][-1])] for row in reaches],
        "unit": ObservedProperty.objects.get(pk=known[run.observed]).unit_text,
    }  # fmt: skip
    return Gathered(arrays, meta)


def _node_names(names: list[str]) -> list[list[str]]:
    rows = {row.code: [row.name_zh, row.name_en] for row in Station.objects.filter(code__in=names)}
    return [rows.get(name, [name, name]) for name in names]


def _outfalls(
    reaches: list[RiverReach], snap_km: float
) -> tuple[list[emitters.Emitter], NDArray[np.int64], NDArray[np.float64]]:
    """Return outfalls on the reaches: those of the register of outfalls, and outlets with online data."""
    found = _of_outfalls()
    if not found or not reaches:
        return [], np.zeros(0, np.int64), np.zeros(0)
    frame = Frame(found[0].longitude, found[0].latitude)
    place = frame.plane([item.longitude for item in found], [item.latitude for item in found])
    kept, reach, above = [], [], []
    lines = [
        frame.plane(*zip(*[pair[:2] for pair in row.course["coordinates"]], strict=True)) for row in reaches
    ]
    for item, spot in zip(found, place, strict=True):
        apart, shares = zip(*(_project(line, spot) for line in lines), strict=True)
        best = int(np.argmin(apart))
        if apart[best] <= 1000.0 * snap_km:
            kept.append(item)
            reach.append(best)
            above.append((1.0 - shares[best]) * reaches[best].length_km * 1000.0)
    return kept, np.array(reach, np.int64), np.array(above, np.float64)


def _of_outfalls() -> list[emitters.Emitter]:
    listed = emitters._of_register("outfalls")
    own = [
        emitters.Emitter(
            "outfall", row.station.code, f"{row.facility.name_zh} {row.number}", f"{row.facility.name_en} {row.number}",
            row.station.longitude, row.station.latitude, row.facility.code, row.facility.industry,
        )
        for row in Outlet.objects.filter(station__kind=Station.Kind.WATER_OUTLET).select_related("facility", "station")
    ]  # fmt: skip
    return [*own, *listed][: emitters.MOST]


def _project(line: NDArray[np.float64], spot: NDArray[np.float64]) -> tuple[float, float]:
    """Return the distance of a spot from a line [m], and how far down the line its foot lies [0…1]."""
    start, step = line[:-1], np.diff(line, axis=0)
    length = np.hypot(*step.T)
    share = np.clip(((spot - start) * step).sum(axis=1) / np.maximum(length**2, 1e-9), 0.0, 1.0)
    apart = np.hypot(*(start + share[:, None] * step - spot).T)
    best = int(apart.argmin())
    done = float(length[:best].sum() + share[best] * length[best])
    return float(apart[best]), done / max(float(length.sum()), 1e-9)


def _online(
    found: list[emitters.Emitter], observed: str, matching: Mapping[str, Any], time: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return what each outfall reported of the property by hour, NaN where it has no instrument."""
    table = np.full((len(time), len(found)), np.nan)
    codes = {item.code: i for i, item in enumerate(found) if item.kind == "outfall"}
    stations = dict(Station.objects.filter(code__in=codes).values_list("pk", "code"))
    known = store.keys([observed])
    if not stations or observed not in known:
        return table
    keys, tables_ = store.matrix(stations=sorted(stations), properties=[known[observed]], time=time)
    for place, key in enumerate(keys):
        table[:, codes[stations[key]]] = tables_[known[observed]][:, place]
    return table


def most_risen(*, station: Station, start: dt.datetime, end: dt.datetime, codes: list[str]) -> str:
    """Return which of some properties stands out most at a station, empty where none is measured."""
    time = store.hours(start - dt.timedelta(days=7), end)
    known = store.keys(codes)
    keys, tables_ = store.matrix(stations=[station.pk], properties=list(known.values()), time=time)
    if not keys:
        return ""
    inside = time >= int(start.timestamp())
    best, most = "", -np.inf
    for code, key in known.items():
        series = tables_[key][:, 0]
        usual, now = series[~inside & np.isfinite(series)], series[inside & np.isfinite(series)]
        if not now.size:
            continue
        spread = float(usual.std()) if usual.size > 3 else 0.0
        score = (float(now.max()) - float(np.median(usual))) / spread if spread > 0 else 0.0
        if score > most:
            best, most = code, score
    return best
