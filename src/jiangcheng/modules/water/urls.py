"""Addresses of the room `water`."""

from django.urls import path

from jiangcheng.modules.water import views

app_name = "water"
urlpatterns = [
    path("public/", views.public_card, name="public_card"),
    path("", views.overview, name="overview"),
    path("sections.geojson", views.layer, name="layer"),
    path("rivers.geojson", views.rivers, name="rivers"),
]
