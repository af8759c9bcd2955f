"""The demo's sound: the same minute is told the same, whenever it is asked for."""

from __future__ import annotations

import numpy as np

from jiangcheng.demo import geography, sound

ROW = {"code": "DEMO-N-01", "day": "51", "night": "42"}
START = 1_790_000_040


def test_minutes_depend_on_station_and_time_alone() -> None:
    starts = np.arange(START, START + 3 * 86_400, 60)
    whole = sound._drawn(ROW, starts)
    part = sound._drawn(ROW, starts[700:3000])
    for name, values in part.items():
        assert values.tolist() == whole[name][700:3000].tolist()
    assert (whole["LMx"] > whole["Leq"]).all()


def test_nights_are_quieter_and_every_station_has_a_class() -> None:
    starts = np.arange(START // 86_400 * 86_400, START // 86_400 * 86_400 + 5 * 86_400, 60)
    level = sound._drawn(ROW, starts)["Leq"]
    hour = (starts + 8 * 3600) % 86_400 // 3600
    assert level[(hour >= 8) & (hour < 20)].mean() > level[hour < 5].mean() + 5
    assert {row["zone_class"] for row in geography.table("noise_stations")} == {"1", "2", "3", "4a"}
