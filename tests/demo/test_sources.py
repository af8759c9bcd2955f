"""The demo city's air pollution sources."""

from __future__ import annotations

from core import city
from jiangcheng.core.access import services as access
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility, Station
from jiangcheng.demo import sources
from jiangcheng.modules.sources import models, queries


def test_the_ledgers_are_filled_once_and_every_share_has_rows(db):
    city.build()
    registry.load_properties()
    Facility.objects.update(synthetic=True)
    Station.objects.update(synthetic=True)
    user = access.create_user(username="department", password=city.PASSWORD, display_name="部门", at=city.AT)
    access.assign_role(user=user, role="department", on=city.ON, at=city.AT, region_code="220200")
    for _ in range(2):
        sources.furnish(now=city.AT, progress=lambda share, what: None)
    shares = queries.rates(user=user, on=city.ON)
    assert [share.code for share in shares if not share.whole] == []
    assert models.HighEmitter.objects.count() == 1
    assert Finding.objects.get(kind="sources.dust").occurrences == 2
    assert models.DustSite.objects.count() == 4
