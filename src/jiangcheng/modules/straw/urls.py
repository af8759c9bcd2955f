"""Addresses of the room `straw`."""

from django.urls import path

from jiangcheng.modules.straw import views

app_name = "straw"
urlpatterns = [
    path("", views.desk, name="desk"),
    path("import", views.import_firms, name="import"),
    path("signals", views.signals, name="signals"),
    path("zones", views.import_zones, name="import_zones"),
    path("incidents/<str:number>/conclude", views.conclude, name="conclude"),
    path("fires.geojson", views.layer, name="layer"),
    path("zones.geojson", views.zones_layer, name="zones_layer"),
    path("window", views.window, name="window"),
    path("season", views.season, name="season"),
    path("ledger", views.ledger, name="ledger"),
]
