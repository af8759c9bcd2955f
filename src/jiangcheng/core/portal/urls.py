"""Addresses of the desk `portal`."""

from django.urls import path

from jiangcheng.core.portal import views

app_name = "portal"
urlpatterns = [
    path("", views.home, name="home"),
    path("map/", views.one_map, name="map"),
    path("map/layers.json", views.map_layers, name="map_layers"),
    path("live", views.live, name="live"),
    path("healthz", views.health, name="health"),
    path("metrics", views.metrics, name="metrics"),
]
