"""Addresses of the desk `registry`."""

from django.urls import path

from jiangcheng.core.registry import views

app_name = "registry"
urlpatterns = [
    path("facilities", views.facilities, name="facilities"),
    path("facilities/<str:code>", views.facility, name="facility"),
    path("layers/areas.geojson", views.areas_layer, name="areas_layer"),
    path("layers/facilities.geojson", views.facilities_layer, name="facilities_layer"),
]
