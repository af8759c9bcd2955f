"""Addresses of the room `emissions`."""

from django.urls import path

from jiangcheng.modules.emissions import views

app_name = "emissions"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("outlets.geojson", views.layer, name="layer"),
]
