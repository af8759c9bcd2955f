"""Addresses of the room `water`."""

from django.urls import path

from jiangcheng.modules.water import views

app_name = "water"
urlpatterns = [
    path("public/", views.public_card, name="public_card"),
    path("", views.overview, name="overview"),
    path("months", views.matrix, name="matrix"),
    path("rivers", views.strip, name="strip"),
    path("lakes", views.lake, name="lake"),
    path("outfalls/<str:number>/plate", views.plate, name="plate"),
    path("outfalls/<str:number>/square.svg", views.square, name="square"),
    path("outfalls", views.outfalls, name="outfalls"),
    path("sources", views.sources, name="sources"),
    path("rates", views.rates, name="rates"),
    path("flows", views.upload_flows, name="upload_flows"),
    path("sections.geojson", views.layer, name="layer"),
    path("rivers.geojson", views.rivers, name="rivers"),
    path("zones.geojson", views.zones, name="zones"),
    path("cards/samples/<str:number>", views.samples_card, name="samples_card"),
    path("cards/outfall/<str:number>", views.outfall_card, name="outfall_card"),
    path("cards/source/<str:number>", views.source_card, name="source_card"),
    path("cards/black/<str:number>", views.black_card, name="black_card"),
    path("cards/zone/<str:number>", views.zone_card, name="zone_card"),
    path("cards/algae/<str:number>", views.algae_card, name="algae_card"),
    path("cards/online/<str:number>", views.online_card, name="online_card"),
    path("cards/patrols/<str:number>", views.patrols_card, name="patrols_card"),
    path("cards/camera/<str:number>", views.camera_card, name="camera_card"),
    path("cards/section/<str:code>", views.section_card, name="section_card"),
]
