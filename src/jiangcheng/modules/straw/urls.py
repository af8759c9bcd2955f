"""Addresses of the room `straw`."""

from django.urls import path

from jiangcheng.modules.straw import views

app_name = "straw"
urlpatterns = [
    path("", views.desk, name="desk"),
    path("import", views.import_firms, name="import"),
    path("signals", views.signals, name="signals"),
    path("zones", views.import_zones, name="import_zones"),
    path("incidents/<str:number>/conclude", views.conclude, name="conclude"),
    path("incidents/<str:number>/look", views.look, name="look"),
    path("fires.geojson", views.layer, name="layer"),
    path("zones.geojson", views.zones_layer, name="zones_layer"),
    path("cameras.geojson", views.cameras_layer, name="cameras_layer"),
    path("zones/draw", views.draw_zone, name="draw"),
    path("progress", views.progress, name="progress"),
    path("cover", views.cover, name="cover"),
    path("cover/scenes", views.import_scene, name="import_scene"),
    path("scars", views.scars, name="scars"),
    path("scars/scenes", views.import_scar, name="import_scar"),
    path("watch", views.watch, name="watch"),
    path("accounts", views.accounts, name="accounts"),
    path("window", views.window, name="window"),
    path("season", views.season, name="season"),
    path("season.<str:form>", views.season_file, name="season_file"),
    path("ledger/copy", views.copy_year, name="copy_year"),
    path("ledger", views.ledger, name="ledger"),
]
