"""Addresses of the room `credit`."""

from django.urls import path

from jiangcheng.modules.credit import views

app_name = "credit"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("agencies", views.agencies, name="agencies"),
    path("pushes", views.pushes, name="pushes"),
    path("pushes/<int:pk>/retry", views.retry, name="retry"),
    path("facilities/<str:code>", views.sheet, name="sheet"),
    path("facilities/<str:code>/card", views.facility_card, name="facility_card"),
    path("facilities/<str:code>/objection", views.objection, name="objection"),
    path("facilities/<str:code>/repair", views.repair, name="repair"),
    path("disclosures/<str:number>/card", views.disclosure_card, name="disclosure_card"),
    path("disclosures/<str:number>/report", views.hand_in, name="hand_in"),
    path("published", views.published, name="published"),
    path("disclosed", views.disclosed, name="disclosed"),
    path("disclosed/<str:number>", views.report_file, name="report_file"),
]
