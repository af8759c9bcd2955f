"""Addresses of the room `soil`."""

from django.urls import path

from jiangcheng.modules.soil import views

app_name = "soil"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("key-units", views.key_units, name="key_units"),
    path("key-units/duties", views.give_duties, name="give_duties"),
    path("where", views.where, name="where"),
    path("zones.geojson", views.zones_layer, name="zones_layer"),
    path("plots.geojson", views.plots_layer, name="plots_layer"),
]
