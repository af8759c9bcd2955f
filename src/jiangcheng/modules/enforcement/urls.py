"""Addresses of the room `enforcement`."""

from django.urls import path

from jiangcheng.modules.enforcement import views

app_name = "enforcement"
urlpatterns = [
    path("published", views.published, name="published"),
    path("facilities/<str:code>/card", views.facility_card, name="facility_card"),
    path("<str:number>/gates", views.gates, name="gates"),
    path("<str:number>/papers", views.papers, name="papers"),
    path("<str:number>/officers", views.officers, name="officers"),
    path("<str:number>/weigh", views.weigh, name="weigh"),
    path("<str:number>/papers/new", views.write, name="write"),
    path("<str:number>/papers/<int:key>.<str:form>", views.paper, name="paper"),
]
