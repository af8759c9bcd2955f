"""What runs by itself."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from jiangcheng.core.observations import models, store, tasks
from jiangcheng.core.registry.models import ObservedProperty

pytestmark = pytest.mark.django_db
SEALED_AGES_AGO = 1_577_808_000
"""2020-01-01 00:00 in Beijing."""


@pytest.fixture
def pm25(settings, tmp_path) -> int:
    settings.OBSERVATIONS = {"sealed": tmp_path / "sealed", "hot_months": 2}
    return ObservedProperty.objects.create(
        code="a34004", name_zh="细颗粒物", name_en="PM2.5", unit="μg/m³", decimals=3, medium="air"
    ).pk


def append(pm25: int, start: int, hours: int) -> None:
    batch = store.Batch.of(
        granularity=store.Granularity.HOUR,
        start=start + 3600 * np.arange(hours),
        station=1,
        property=pm25,
        value=1.5,
    )
    store.append(batch, source="test", received_at=datetime.datetime.now(datetime.UTC))


def test_old_months_are_sealed_and_recent_ones_stay_hot(pm25):
    recent = int(datetime.datetime.now(datetime.UTC).timestamp()) // 3600 * 3600 - 7200
    append(pm25, SEALED_AGES_AGO, 40 * 24)
    append(pm25, recent, 2)
    tasks.seal()
    assert list(models.Segment.objects.order_by("month_date").values_list("month_date", flat=True)) == [
        datetime.date(2020, 1, 1),
        datetime.date(2020, 2, 1),
    ]
    assert models.Observation.objects.count() == 2
    tasks.seal()
    assert models.Segment.objects.count() == 2


def test_roll_ups_are_brought_up_to_date_and_then_rest(pm25):
    append(pm25, SEALED_AGES_AGO, 48)
    tasks.roll_up()
    assert models.DailyRollup.objects.count() == 2
    assert not models.DirtyDay.objects.exists()
    state = store.snapshot()
    tasks.roll_up()
    assert store.snapshot() == state


def test_tidying_keeps_what_is_listed_or_unseen(pm25):
    append(pm25, SEALED_AGES_AGO, 48)
    tasks.seal()
    store.acknowledge("rules", 0)
    tasks.tidy()
    assert store.verify() == []
    assert len(store.changes("rules")) == 48
