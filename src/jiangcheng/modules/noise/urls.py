"""Addresses of the room `noise`."""

from django.urls import path

from jiangcheng.modules.noise import views

app_name = "noise"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("stations.geojson", views.layer, name="layer"),
    path("stations/<str:code>/", views.station, name="station"),
    path("stations/<str:code>/profile", views.profile, name="profile"),
    path("zones/", views.zones, name="zones"),
    path("zones/import", views.import_areas, name="import"),
    path("zones.geojson", views.zones_layer, name="zones_layer"),
    path("sensitive.geojson", views.sensitive_layer, name="sensitive_layer"),
    path("cases/", views.cases, name="cases"),
    path("cases/<str:number>/source", views.decide, name="decide"),
    path("permits/<str:number>/card", views.permit_card, name="permit_card"),
    path("actions/<str:number>/card", views.action_card, name="action_card"),
]
