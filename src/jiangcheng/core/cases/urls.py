"""Addresses of the desk `cases`."""

from django.urls import path

from jiangcheng.core.cases import views

app_name = "cases"
urlpatterns = [
    path("", views.desk, name="desk"),
    path("new", views.new, name="new"),
    path("layer.geojson", views.layer, name="layer"),
    path("export", views.export, name="export"),
    path("roster", views.roster, name="roster"),
    path("roster/<int:key>/cancel", views.cancel_shift, name="cancel_shift"),
    path("kpis", views.kpis, name="kpis"),
    path("cards/counts", views.card_counts, name="card_counts"),
    path("cards/open", views.card_open, name="card_open"),
    path("cards/facilities/<str:code>", views.card_facility, name="card_facility"),
    path("cards/stations/<str:code>", views.card_station, name="card_station"),
    path("cards/risk", views.card_risk, name="card_risk"),
    path("<str:number>", views.case, name="case"),
    path("<str:number>/act", views.act, name="act"),
    path("<str:number>/split", views.split, name="split"),
    path("<str:number>/tasks/<int:key>", views.finish_task, name="finish_task"),
    path("<str:number>/evidence/<int:key>", views.evidence, name="evidence"),
]
