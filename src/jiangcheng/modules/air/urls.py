"""Addresses of the room `air`."""

from django.urls import path

from jiangcheng.modules.air import views

app_name = "air"
urlpatterns = [
    path("public/", views.public_card, name="public_card"),
    path("", views.overview, name="overview"),
    path("stations.geojson", views.layer, name="layer"),
    path("lines/<str:what>.json", views.lines, name="lines"),
    path("cards/lines/", views.card_lines, name="card_lines"),
    path("cards/counties/", views.card_counties, name="card_counties"),
]
