"""Addresses that belong to no app, and the apps."""

from django.contrib import admin
from django.urls import include, path

from casebook import views

urlpatterns = [
    path("", views.home, name="home"),
    path("over/", views.about, name="about"),
    path("gezond/", views.health, name="health"),
    path("casussen/", include("cases.urls")),
    path("beheer/", admin.site.urls),
]
