"""Addresses of the room `noise`."""

from django.urls import path

from jiangcheng.modules.noise import views

app_name = "noise"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("stations.geojson", views.layer, name="layer"),
    path("stations/<str:code>/", views.station, name="station"),
    path("stations/<str:code>/profile", views.profile, name="profile"),
    path("stations/<str:code>/clips", views.upload_clip, name="upload_clip"),
    path("grades/", views.grades, name="grades"),
    path("clips/<int:key>.wav", views.sound, name="sound"),
    path("cases/<str:number>/clips", views.clips_card, name="clips_card"),
    path("zones/", views.zones, name="zones"),
    path("zones/import", views.import_areas, name="import"),
    path("zones.geojson", views.zones_layer, name="zones_layer"),
    path("sensitive.geojson", views.sensitive_layer, name="sensitive_layer"),
    path("cases/", views.cases, name="cases"),
    path("cases/<str:number>/source", views.decide, name="decide"),
    path("permits/<str:number>/card", views.permit_card, name="permit_card"),
    path("actions/<str:number>/card", views.action_card, name="action_card"),
]
