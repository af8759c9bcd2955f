"""The story is the same every time, plausible for the city, and nothing goes wrong but what is scripted."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from jiangcheng.demo import city, incidents, truth

OPENED = int(dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC).timestamp())
NEW_YEAR = int(dt.datetime(2026, 1, 1, tzinfo=incidents.BEIJING).timestamp())
HOUR = incidents.HOUR


@pytest.fixture(scope="module")
def blocks() -> dict[str, truth.Block]:
    return {block.name: block for block in truth.year(2026, OPENED)}


@pytest.fixture(scope="module")
def script() -> tuple[incidents.Incident, ...]:
    return incidents.script(OPENED, 2026)


def at(block: truth.Block, station: str, code: str, statistic: str = "avg") -> np.ndarray:
    return block.values[:, block.stations.index(station), block.properties.index((code, statistic))]


def test_same_seed_same_story(blocks: dict[str, truth.Block]) -> None:
    truth.year.cache_clear()
    for block in truth.year(2026, OPENED):
        assert block.values.tobytes() == blocks[block.name].values.tobytes()
        assert block.flags.tobytes() == blocks[block.name].flags.tobytes()
    other = truth.year(2026, OPENED, truth.SEED + 1)
    assert any(block.values.tobytes() != blocks[block.name].values.tobytes() for block in other)


def test_the_year_begins_in_beijing_and_has_every_hour(blocks: dict[str, truth.Block]) -> None:
    air = blocks["air"]
    assert air.starts[0] == NEW_YEAR
    assert (np.diff(air.starts) == HOUR).all()
    assert len(air.starts) == 365 * 24
    assert (np.diff(blocks["rivers"].starts) == 4 * HOUR).all()


def test_parts_of_the_year_join(blocks: dict[str, truth.Block]) -> None:
    whole = blocks["air"].between(NEW_YEAR, OPENED)
    middle = NEW_YEAR + 1234 * HOUR
    parts = [blocks["air"].between(NEW_YEAR, middle), blocks["air"].between(middle, OPENED)]
    assert np.array_equal(np.concatenate([part.values for part in parts]), whole.values)
    assert whole.starts[-1] == OPENED - HOUR


def exceedances(blocks: dict[str, truth.Block]) -> set[tuple[str, str, int]]:
    """Return station, code and start of every hour in which an outlet passes a limit."""
    found = set()
    for name, (_, factors) in city.profiles().items():
        block = blocks[name]
        for factor in factors:
            if factor.upper is None:
                continue
            statistic = "zs_avg" if factor.reference_oxygen is not None else "avg"
            values = block.values[:, :, block.properties.index((factor.code, statistic))]
            over = values > factor.upper
            if factor.lower is not None:
                over |= values < factor.lower
            found |= {
                (block.stations[s], factor.code, int(block.starts[t]))
                for t, s in zip(*over.nonzero(), strict=True)
            }
    return found


def test_outlets_exceed_in_every_scripted_hour_and_in_no_other(
    blocks: dict[str, truth.Block], script: tuple[incidents.Incident, ...]
) -> None:
    scripted = {
        (station, code, start)
        for incident in script
        if incident.kind is incidents.Kind.OVER_LIMIT
        for station in incident.stations
        for code in incident.properties
        for start in range(incident.start, incident.end, HOUR)
    }
    assert len(scripted) == 11
    assert exceedances(blocks) == scripted


def test_one_outlet_is_over_its_limit_in_the_hour_before_opening(
    script: tuple[incidents.Incident, ...],
) -> None:
    """That hour is the first to come over the wire, so that a case opens while the user watches."""
    assert any(i.kind is incidents.Kind.OVER_LIMIT and i.start == OPENED - HOUR for i in script)


def test_only_the_line_that_is_down_is_silent(
    blocks: dict[str, truth.Block], script: tuple[incidents.Incident, ...]
) -> None:
    (down,) = (incident for incident in script if incident.kind is incidents.Kind.LINE_DOWN)
    for block in blocks.values():
        silent = np.isnan(block.values)
        if down.stations[0] in block.stations:
            own = silent[:, block.stations.index(down.stations[0])].all(axis=1)
            assert np.array_equal(own, block.starts >= down.start)
            silent = np.delete(silent, block.stations.index(down.stations[0]), axis=1)
        assert not silent.any()


def test_the_spill_raises_ammonia_at_one_section_for_twelve_hours(
    blocks: dict[str, truth.Block], script: tuple[incidents.Incident, ...]
) -> None:
    (spill,) = (incident for incident in script if incident.kind is incidents.Kind.SPILL)
    rivers = blocks["rivers"]
    during = (rivers.starts >= spill.start) & (rivers.starts < spill.end)
    assert during.sum() == 3
    ammonia = at(rivers, spill.stations[0], "w21003")
    assert ammonia[during].min() > 1.5 > 1.0 > ammonia[~during].max()


def test_straw_evenings_raise_fine_particles_at_three_stations(
    blocks: dict[str, truth.Block], script: tuple[incidents.Incident, ...]
) -> None:
    evenings = [incident for incident in script if incident.kind is incidents.Kind.STRAW]
    assert {dt.datetime.fromtimestamp(i.start, incidents.BEIJING).month for i in evenings} == {4, 10, 11}
    air = blocks["air"]
    for evening in evenings:
        during = (air.starts >= evening.start) & (air.starts < evening.end)
        inside = np.mean([at(air, station, "a34004")[during].mean() for station in evening.stations])
        others = set(air.stations) - set(evening.stations)
        assert inside > 2 * np.mean([at(air, station, "a34004")[during].mean() for station in others])


def test_annual_figures_are_those_of_such_a_city(blocks: dict[str, truth.Block]) -> None:
    air = blocks["air"].between(NEW_YEAR, NEW_YEAR + 324 * 24 * HOUR)
    evaluated = [s.evaluated and s.grade == "国控" for s in city.air_stations()]
    daily = air.values[:, evaluated].reshape(324, 24, -1, len(truth.AIR)).mean(axis=(1, 2))
    fine = daily[:, truth.AIR.index("a34004")]
    assert 25 < fine.mean() < 33
    assert 1 <= (fine > 150).sum() <= 6
    assert 0.04 < (fine > 60).mean() < 0.14
    winter, summer = np.r_[fine[:59], fine[304:]].mean(), fine[151:243].mean()
    assert winter > 1.5 * summer
    ozone = blocks["air"].values[:, 0, truth.AIR.index("a05024")].reshape(365, 24)
    assert ozone[:, 13:17].mean() > 1.3 * ozone[:, 2:6].mean()


def test_one_section_of_nineteen_is_worse_than_its_target(blocks: dict[str, truth.Block]) -> None:
    """Class III ends at 6 mg/L of permanganate (GB 3838-2002 table 1); only 鳌龙河口 lies above it."""
    permanganate = {s.code: at(blocks["rivers"], s.code, "w01019").mean() for s in city.sections()}
    assert [code for code, mean in permanganate.items() if mean > 6.0] == ["DEMO-W-14"]
