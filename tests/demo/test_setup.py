"""Building the city: complete, once, and continued where it stopped."""

from __future__ import annotations

import datetime as dt
import json
import pathlib

import numpy as np
import pytest

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.observations import store
from jiangcheng.core.registry import models, queries
from jiangcheng.demo import city, geography, incidents, setup, truth

pytestmark = pytest.mark.django_db(transaction=True)

NOW = dt.datetime(2026, 1, 9, 3, 40, tzinfo=dt.UTC)
NEW_YEAR = int(dt.datetime(2026, 1, 1, tzinfo=incidents.BEIJING).timestamp())
HOUR = incidents.HOUR


@pytest.fixture(autouse=True)
def installation(settings, tmp_path: pathlib.Path) -> pathlib.Path:
    settings.DATA = tmp_path
    settings.OBSERVATIONS = {**settings.OBSERVATIONS, "sealed": tmp_path / "sealed"}
    return tmp_path


def nothing(share: float, text: str) -> None:
    pass


def stored(station: str, code: str, statistic: str, start: int, end: int) -> dict[int, float]:
    observed = models.ObservedProperty.objects.get(code=code, statistic=statistic)
    table = store.read(
        stations=[models.Station.objects.get(code=station).pk],
        properties=[observed.pk],
        granularity=store.Granularity.HOUR,
        start=start,
        end=end,
    )
    return dict(zip(table["start"].to_pylist(), table["value"].to_pylist(), strict=True))


def test_a_city_is_interrupted_completed_left_as_it_is_and_continued(installation: pathlib.Path) -> None:
    """One story: to build the whole city is the longest work of the suite."""

    def stumble(share: float, text: str) -> None:
        if share >= 0.2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        setup.prepare(now=NOW, progress=stumble)
    shares: list[float] = []
    state = setup.prepare(now=NOW, progress=lambda share, _: shares.append(share))
    assert state.built
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert state.history_until == state.opened - HOUR == int(NOW.timestamp()) // HOUR * HOUR - HOUR
    is_complete(installation)
    lets_its_people_in()

    before = store.snapshot()
    people = User.objects.count()
    assert setup.prepare(now=NOW + dt.timedelta(minutes=10), progress=nothing) == state
    assert store.snapshot() == before

    later = setup.prepare(now=NOW + dt.timedelta(hours=5), progress=nothing)
    assert later.opened == state.opened
    assert later.history_until == state.history_until + 5 * HOUR
    assert User.objects.count() == people
    values = stored("1772A", "a34004", "avg", NEW_YEAR, later.history_until)
    assert np.diff(list(values)).tolist() == [HOUR] * (len(values) - 1)


def is_complete(installation: pathlib.Path) -> None:
    """Every outlet lies in a grid with an inspector, nothing is there twice, and the map has its layers."""
    assert models.Facility.objects.count() == 32, "30, and who carries and disposes of hazardous waste"
    assert models.Outlet.objects.count() == 60
    assert models.Device.objects.count() == 90
    for outlet in models.Outlet.objects.select_related("station__grid_cell", "facility"):
        station = outlet.station
        found = queries.leaf_grid(station.longitude, station.latitude, NOW.date())
        assert found == station.grid_cell
        assert queries.limits(on=NOW.date(), outlet=outlet).count() >= 3
        assert queries.responsible(grid_cell=found, on=NOW.date()).inspector is not None
    rivers = json.loads((installation / "layers/rivers.geojson").read_text(encoding="utf-8"))
    assert rivers["features"]


def lets_its_people_in() -> None:
    """Every log-in works, and the inspector handles cases where the live incident is."""
    assert User.objects.count() == len(geography.table("people")) + 3
    for row in geography.table("people"):
        assert User.objects.get(username=row["username"]).check_password(city.PASSWORD)
    live = next(i for i in incidents.script(0, 1970) if i.kind is incidents.Kind.OVER_LIMIT)
    outlet = models.Outlet.objects.select_related("station__grid_cell__region").get(
        station__code=live.stations[0]
    )
    inspector = User.objects.get(username="inspector")
    scope = access.scope(inspector, "cases.handle", NOW.date())
    assert scope.covers_region(outlet.station.grid_cell.region.code)
    assert queries.responsible(grid_cell=outlet.station.grid_cell, on=NOW.date()).inspector == inspector


def test_the_history_is_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    # What the rooms fill in has no part in the series.
    monkeypatch.setattr(setup, "_furnish", lambda *_: None)
    state = setup.prepare(now=NOW, progress=nothing)
    rivers = next(block for block in truth.year(2026, state.opened) if block.name == "rivers")
    for station, code, statistic in (
        ("1772A", "a34004", "avg"),
        ("91220200DEMO00001A-DA001", "a21002", "zs_avg"),
    ):
        block = next(b for b in truth.year(2026, state.opened) if station in b.stations)
        part = block.between(NEW_YEAR, state.history_until)
        expected = part.values[:, part.stations.index(station), part.properties.index((code, statistic))]
        found = stored(station, code, statistic, NEW_YEAR, state.opened + HOUR)
        assert list(found) == part.starts.tolist()
        assert list(found.values()) == expected.tolist()
    assert len(stored("DEMO-W-17", "w21003", "avg", NEW_YEAR, state.opened)) == len(
        rivers.between(NEW_YEAR, state.history_until).starts
    )


def test_another_city_is_left_alone() -> None:
    models.Region.objects.create(code="220100", name_zh="长春市", name_en="Changchun", level="city")
    with pytest.raises(setup.Occupied, match="not the demo"):
        setup.prepare(now=NOW, progress=nothing)
    assert models.Region.objects.count() == 1
    assert not models.Station.objects.exists()
