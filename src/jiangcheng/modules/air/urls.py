"""Addresses of the room `air`."""

from django.urls import path

from jiangcheng.modules.air import views

app_name = "air"
urlpatterns = [
    path("public/", views.public_card, name="public_card"),
    path("", views.overview, name="overview"),
    path("stations.geojson", views.layer, name="layer"),
    path("lines/<str:what>.json", views.lines, name="lines"),
    path("ranking/", views.ranking, name="ranking"),
    path("calendar/", views.calendar, name="calendar"),
    path("calendar/<str:code>.json", views.calendar_figure, name="calendar_figure"),
    path("stations/<str:code>/", views.station, name="station"),
    path("stations/<str:code>/profile.json", views.profile_figure, name="profile_figure"),
    path("components/", views.components, name="components"),
    path("forecasts/", views.forecasts, name="forecasts"),
    path("warnings/", views.warnings, name="warnings"),
    path("warnings/propose/", views.propose, name="propose"),
    path("warnings/check/", views.check_now, name="check_now"),
    path("warnings/<str:number>/card/", views.warning_card, name="warning_card"),
    path("cards/lines/", views.card_lines, name="card_lines"),
    path("cards/counties/", views.card_counties, name="card_counties"),
]
