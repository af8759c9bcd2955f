"""Addresses of the room `network`."""

from django.urls import path

from jiangcheng.modules.network import views

app_name = "network"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("points", views.points, name="points"),
    path("quality", views.quality, name="quality"),
    path("catalogue", views.catalogue, name="catalogue"),
    path("catalogue.json", views.catalogue_json, name="catalogue_json"),
    path("rural", views.rural, name="rural"),
    path("statistics", views.statistics, name="statistics"),
    path("statistics/freeze", views.freeze, name="freeze"),
    path("statistics/<int:pk>", views.edition, name="edition"),
    path("statistics/<int:pk>.json", views.edition_json, name="edition_json"),
    path("stations/<str:code>/card", views.station_card, name="station_card"),
    path("campaigns/<str:number>/card", views.campaign_card, name="campaign_card"),
    path("agencies/<str:number>/card", views.agency_card, name="agency_card"),
    path("requests/<str:number>/card", views.request_card, name="request_card"),
]
