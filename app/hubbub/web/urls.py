from django.urls import path

from hubbub.web import pages

urlpatterns = [path("", pages.home, name="home")]
