"""Addresses of the room `ecology`."""

from django.urls import path

from jiangcheng.modules.ecology import views

app_name = "ecology"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("zoning", views.zoning, name="zoning"),
    path("zones/import", views.import_zones, name="import_zones"),
    path("zones/export", views.export_zones, name="export_zones"),
    path("zones.geojson", views.zones_layer, name="zones_layer"),
    path("shorelines.geojson", views.shorelines_layer, name="shorelines_layer"),
    path("wetlands.geojson", views.wetlands_layer, name="wetlands_layer"),
]
