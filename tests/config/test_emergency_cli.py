"""The commands of emergencies: zones and forecasts without a database, refusals, the pack of an event."""

from __future__ import annotations

import json

import pytest

from core import city
from jiangcheng.config import main
from jiangcheng.modules.safety import services

PLUME = ("emergency", "plume", "--substance", "chlorine", "--rate", "1", "--wind", "1.5", "--stability", "F")
RIVER = ("emergency", "river", "--substance", "nitrobenzene", "--mass", "500", "--speed", "0.6", "--width", "250",
         "--depth", "2", "--slope", "0.0002")  # fmt: skip


def test_zones_are_told_without_a_database(capsys):
    assert main.main([*PLUME, "--at", "126.6", "43.9", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)["answer"]
    assert answer["model"] == "heavy" and answer["zones"][0]["distance"] < answer["zones"][1]["distance"]
    assert 126 < answer["zones"][1]["outline"][0][0] < 127 and answer["verified"] is False
    assert main.main(PLUME) == 0 and "endpoint-2 5.8 mg/m3" in capsys.readouterr().out
    assert main.main([*PLUME[:3], "unobtainium", *PLUME[4:]]) == 2
    assert main.main([*PLUME, "--term", "pool"]) == 2
    assert "radius" in capsys.readouterr().err


def test_a_river_is_told_without_a_database(capsys):
    assert main.main([*RIVER, "--point", "甲=10", "--point", "乙=30"]) == 0
    out = capsys.readouterr().out
    assert out.index("甲 10 km") < out.index("乙 30 km")
    assert main.main([*RIVER, "--point", "甲=10", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["answer"]["points"][0]["chance"] == 1.0
    assert main.main([*RIVER, "--point", "甲"]) == 2


@pytest.mark.django_db
def test_a_pack_is_written_as_one_file(tmp_path, capsys):
    values = {"name_zh": "泄漏", "kind": "gas", "received_at": city.AT, "longitude": 126.7, "latitude": 43.5}
    event = services.report(values=values, actor=None, now=city.AT)
    assert main.main(["emergency", "pack", event.number, "--out", str(tmp_path / "new")]) == 0
    page = (tmp_path / "new" / f"{event.number}.html").read_text(encoding="utf-8")
    assert "泄漏" in page and "<svg" in page
    assert main.main(["emergency", "pack", "TF-1"]) == 1
    assert "TF-1" in capsys.readouterr().err
