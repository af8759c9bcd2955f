"""Addresses of the room `waste`."""

from django.urls import path

from jiangcheng.modules.waste import views

app_name = "waste"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("flows.json", views.flows, name="flows"),
    path("indicators", views.indicators, name="indicators"),
    path("hazardous", views.hazardous, name="hazardous"),
    path("codes", views.codes, name="codes"),
    path("balances", views.balances, name="balances"),
    path("manifests", views.manifests, name="manifests"),
    path("manifests/new", views.new_manifest, name="new_manifest"),
    path("manifests/<str:number>/items", views.add_item, name="add_item"),
    path("manifests/<str:number>/items/remove", views.remove_item, name="remove_item"),
    path("manifests/<str:number>/weigh", views.weigh, name="weigh"),
    path("manifests/<str:number>/track", views.track, name="track"),
    path("lorries", views.lorries, name="lorries"),
    path("lorries/import", views.lorry_file, name="lorry_file"),
    path("lorries/<str:number>/track", views.lorry_track, name="lorry_track"),
    path("cards/home", views.card_home, name="card_home"),
    path("cards/manifests/<str:number>", views.card_manifest, name="card_manifest"),
    path("cards/ponds/<str:number>", views.card_pond, name="card_pond"),
    path("cards/facilities/<str:code>", views.card_facility, name="card_facility"),
    path("transport.geojson", views.transport_layer, name="transport_layer"),
    path("units.geojson", views.units_layer, name="units_layer"),
]
