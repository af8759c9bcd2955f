"""Addresses of the room `emissions`."""

from django.urls import path

from jiangcheng.modules.emissions import views

app_name = "emissions"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("outlets.geojson", views.layer, name="layer"),
    path("outlets/<str:code>/", views.outlet, name="outlet"),
    path("outlets/<str:code>/series.json", views.outlet_series, name="outlet_series"),
    path("facilities/<str:code>/card", views.facility_card, name="facility_card"),
    path("clues", views.clue_list, name="clues"),
    path("clues/<int:pk>/", views.clue, name="clue"),
    path("clues/<int:pk>/series.json", views.clue_series, name="clue_series"),
    path("clues/<int:pk>/pack", views.clue_pack, name="clue_pack"),
    path("marking", views.marking, name="marking"),
    path("marking/<str:code>", views.hand_in, name="hand_in"),
    path("evidence-key.json", views.evidence_key, name="evidence_key"),
]
