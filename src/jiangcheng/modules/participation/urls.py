"""Addresses of the room `participation`; all but the desk are for anybody."""

from django.urls import path

from jiangcheng.modules.participation import views

app_name = "participation"
urlpatterns = [
    path("", views.home, name="home"),
    path("report", views.report, name="report"),
    path("report/sent", views.sent, name="sent"),
    path("follow", views.follow, name="follow"),
    path("openings", views.openings, name="openings"),
    path("openings/cancel", views.cancel, name="cancel"),
    path("openings/<str:number>/book", views.book, name="book"),
    path("releases", views.releases, name="releases"),
    path("releases/<str:number>", views.release, name="release"),
    path("registers/<str:code>", views.register, name="register"),
    path("correct", views.correct, name="correct"),
    path("data", views.data, name="data"),
    path("data/catalogue.jsonld", views.catalogue, name="catalogue"),
    path("data/stations.json", views.stations, name="stations"),
    path("data/stations/<str:code>/<str:day>.<str:form>", views.values, name="values"),
    path("desk", views.desk, name="desk"),
    path("desk/hotspots", views.hotspots, name="hotspots"),
    path("desk/hotspots.json", views.hotspots_catalogue, name="hotspots_catalogue"),
    path("desk/hotspots.geojson", views.hotspots_layer, name="hotspots_layer"),
    path("desk/intake", views.intake, name="intake"),
    path("desk/facilities/<str:code>/card", views.facility_card, name="facility_card"),
    path("desk/<str:number>", views.complaint, name="complaint"),
    path("desk/<str:number>/reply", views.reply, name="reply"),
    path("desk/<str:number>/identity", views.identity, name="identity"),
    path("desk/<str:number>/photos/<int:key>", views.photo, name="photo"),
]
