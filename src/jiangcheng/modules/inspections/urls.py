"""Addresses of the room `inspections`."""

from django.urls import path

from jiangcheng.modules.inspections import views

app_name = "inspections"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("draws/new", views.new_draw, name="new_draw"),
    path("draws/<str:number>", views.draw, name="draw"),
    path("draws/<str:number>/draw", views.perform, name="perform"),
    path("visits/<str:number>/card", views.visit_card, name="visit_card"),
    path("visits/<str:number>/result", views.hand_in, name="hand_in"),
    path("facilities/<str:code>/card", views.facility_card, name="facility_card"),
    path("published", views.published, name="published"),
    path("published/<str:number>.json", views.document, name="document"),
    path("verify", views.verify, name="verify"),
]
