from django.urls import path

from cases import views

app_name = "cases"
urlpatterns = [
    path("", views.catalogue, name="catalogue"),
    path("<slug:slug>/", views.case, name="case"),
]
