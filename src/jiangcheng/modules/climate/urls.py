"""Addresses of the room `climate`."""

from django.urls import path

from jiangcheng.modules.climate import views

app_name = "climate"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("chart.json", views.chart, name="chart"),
    path("indices", views.indices, name="indices"),
    path("indices.json", views.indices_chart, name="indices_chart"),
    path("indices.csv", views.indices_csv, name="indices_csv"),
    path("weather/import", views.import_weather, name="import_weather"),
    path("risk.geojson", views.risk_layer, name="risk_layer"),
    path("inventory", views.inventory, name="inventory"),
    path("inventory.csv", views.inventory_csv, name="inventory_csv"),
    path("inventory/freeze", views.freeze, name="freeze"),
    path("inventory/versions/<int:pk>", views.version, name="version"),
]
