"""Addresses of the room `source_tracing`."""

from django.urls import path

from jiangcheng.modules.source_tracing import views

app_name = "source_tracing"
urlpatterns = [
    path("", views.desk, name="desk"),
    path("start", views.start, name="start"),
    path("parks", views.parks, name="parks"),
    path("runs.geojson", views.layer, name="layer"),
    path("stations/<str:code>/card", views.station_card, name="station_card"),
    path("cases/<str:number>/card", views.case_card, name="case_card"),
    path("plots/<str:number>/card", views.plot_card, name="plot_card"),
    path("<str:number>/", views.run, name="run"),
    path("<str:number>/again", views.again, name="again"),
    path("<str:number>/stop", views.stop, name="stop"),
    path("<str:number>/dispatch", views.dispatch, name="dispatch"),
    path("<str:number>/inputs.npz", views.inputs, name="inputs"),
    path("<str:number>/layers.json", views.layers, name="layers"),
    path("<str:number>/points.geojson", views.points, name="points"),
    path("<str:number>/lines.geojson", views.lines, name="lines"),
    path("<str:number>/areas.geojson", views.areas, name="areas"),
    path("<str:number>/series.json", views.series, name="series"),
    path("<str:number>/wind.json", views.winds, name="winds"),
    path("<str:number>/methods.json", views.methods, name="methods"),
    path("<str:number>/receptor/<str:part>.json", views.receptor_chart, name="receptor_chart"),
]
