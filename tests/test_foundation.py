"""What conftest.py promises every other test."""

import threading

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["first", "second"])
def test_rows_of_migrations_are_there_each_time(time):
    assert set(Group.objects.values_list("name", flat=True)) == {"Docenten", "Redactie", "Eindredactie"}


@pytest.mark.django_db(transaction=True)
def test_threads_have_connections_of_their_own_to_the_same_rows():
    Group.objects.create(name="made here")
    seen = []

    def look():
        seen.append(connection.connection)
        seen.append(Group.objects.filter(name="made here").exists())
        connection.close()

    other = threading.Thread(target=look)
    other.start()
    other.join()
    assert seen[0] is None  # not this thread's connection
    assert seen[1]


def test_the_suite_stays_away_from_what_people_keep():
    assert settings.BASE_DIR not in settings.VAR_DIR.parents
