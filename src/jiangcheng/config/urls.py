"""Every address of the portal. Desks, modules and the gate bring their own `urls`."""

from __future__ import annotations

import importlib.util

from django.urls import include, path

from jiangcheng.config import api, wiring

wiring.load_manifests()

PREFIXES = {
    "jiangcheng.core.portal": "",
    "jiangcheng.core.access": "",
    "jiangcheng.core.registry": "",
    "jiangcheng.core.observations": "",
    "jiangcheng.core.cases": "cases/",
    "jiangcheng.core.records": "records/",
    "jiangcheng.core.indicators": "indicators/",
    "jiangcheng.modules.participation": "public/",
    "jiangcheng.modules.fieldwork": "field/",
    "jiangcheng.gateway": "gateway/",
}

urlpatterns = [
    path("api/v1/", api.api.urls),
    path("api/ingest/", include("jiangcheng.gateway.ingest_urls")),
    *(
        path(PREFIXES.get(package, f"{package.rpartition('.')[2]}/"), include(f"{package}.urls"))
        for package in wiring.PACKAGES
        if importlib.util.find_spec(f"{package}.urls")
    ),
]
