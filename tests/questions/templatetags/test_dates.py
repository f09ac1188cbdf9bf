"""Tests of the texts in which templates show dates."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone

from questions.models import Assignment
from questions.templatetags.dates import due_in_words, from_now, in_a_row, in_full, moment

TIME_ZONE = ZoneInfo("Europe/Amsterdam")


def at(text: str) -> datetime:
    """Return a moment in the time zone of the site, from a text such as «2026-11-27 17:00»."""
    return datetime.fromisoformat(text).replace(tzinfo=TIME_ZONE)


@pytest.fixture(autouse=True)
def fixed_now(monkeypatch):
    """Set the time of all tests to Tuesday 24 November 2026, 14:10."""
    monkeypatch.setattr(timezone, "now", lambda: at("2026-11-24 14:10").astimezone(UTC))


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-11-24 17:00", "vandaag om 17:00"),
        ("2026-11-24 09:00", "vandaag om 9:00"),
        ("2026-11-25 09:00", "morgen om 9:00"),
        ("2026-11-23 23:59", "gisteren om 23:59"),
        ("2026-11-27 17:00", "vrijdag 27 november om 17:00"),
        ("2026-11-20 17:00", "vrijdag 20 november om 17:00"),
        ("2027-01-08 08:30", "vrijdag 8 januari 2027 om 8:30"),
    ],
)
def test_due_date_is_shown_as_a_day_with_a_time(when, expected):
    assert due_in_words(at(when)) == expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-11-24 23:59", "vandaag"),
        ("2026-11-24 00:00", "vandaag"),
        ("2026-11-25 00:00", "morgen"),
        ("2026-11-23 23:59", "gisteren"),
        ("2026-11-27 00:01", "over 3 dagen"),
        ("2026-11-22 23:59", "2 dagen geleden"),
    ],
)
def test_distance_in_days_counts_midnights(when, expected):
    assert from_now(at(when)) == expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-11-24 14:03", "14:03"),
        ("2026-11-24 00:00", "0:00"),
        ("2026-11-23 14:03", "gisteren 14:03"),
        ("2026-11-25 14:03", "morgen 14:03"),
        ("2026-11-03 14:03", "3 november 14:03"),
        ("2024-11-03 14:03", "3 november 2024"),
    ],
)
def test_moment_is_shown_as_briefly_as_possible(when, expected):
    assert moment(at(when)) == expected


def test_in_full_shows_the_weekday_and_the_year():
    assert in_full(at("2026-11-24 09:05")) == "dinsdag 24 november 2026 om 9:05"


def test_days_are_those_of_the_time_zone_of_the_site():
    assert due_in_words(datetime(2026, 11, 24, 23, 30, tzinfo=UTC)) == "morgen om 0:30"


def test_night_in_which_the_clock_goes_back_counts_as_one_midnight(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: at("2026-10-24 23:30").astimezone(UTC))
    assert due_in_words(at("2026-10-25 23:00")) == "morgen om 23:00"


@pytest.mark.parametrize("format_moment", [due_in_words, from_now, moment, in_full])
def test_functions_return_an_empty_text_for_none(format_moment):
    assert format_moment(None) == ""


def test_functions_are_available_as_template_filters():
    template = Template("{% load dates %}{{ when|due_in_words }}, {{ when|from_now }}, {{ when|moment }}")
    assert template.render(Context({"when": at("2026-11-24 17:00")})) == "vandaag om 17:00, vandaag, 17:00"


@pytest.mark.parametrize(("numbers", "expected"), [([], ""), ([2], "2"), ([2, 3], "2 en 3"), ([1, 2, 4], "1, 2 en 4")])
def test_list_of_numbers_ends_with_en(numbers, expected):
    assert in_a_row(numbers) == expected


NOTES = "{% load dates %}{% due_note assignment.due_at assignment.is_past_due remark %}|{% opening_note assignment %}"
TOMORROW, YESTERDAY = at("2026-11-25 12:00"), at("2026-11-23 12:00")


@pytest.mark.parametrize(
    ("dates", "remark", "html"),
    [
        ({}, "(jouw eigen datum)", "|"),
        ({"due_at": TOMORROW}, "", "<span>inleveren voor morgen om 12:00</span>|"),
        ({"due_at": TOMORROW}, "(jouw eigen datum)", "<span>inleveren voor morgen om 12:00 (jouw eigen datum)</span>|"),
        ({"due_at": YESTERDAY}, "", '<span class="late">inleveren was voor gisteren om 12:00</span>|'),
        ({"opens_at": TOMORROW}, "", "|<span>gaat open morgen om 12:00</span>"),
        ({"opens_at": YESTERDAY}, "", "|"),
    ],
)
def test_each_date_of_an_assignment_has_a_note(dates, remark, html):
    assert Template(NOTES).render(Context({"assignment": Assignment(**dates), "remark": remark})) == html


@pytest.mark.parametrize(
    ("dates", "html"),
    [
        ({}, ""),
        ({"due_at": TOMORROW}, '<span class="small soft">voor morgen om 12:00</span>'),
        ({"due_at": YESTERDAY}, '<span class="small late">was voor gisteren om 12:00</span>'),
        ({"due_at": TOMORROW, "opens_at": TOMORROW}, '<span class="small soft">gaat open morgen om 12:00</span>'),
        ({"due_at": YESTERDAY, "closed_at": YESTERDAY}, '<span class="small late">gesloten</span>'),
    ],
)
def test_stage_note_shows_the_stage_of_an_assignment(dates, html):
    context = Context({"assignment": Assignment(**dates)})
    assert Template("{% load dates %}{% stage_note assignment %}").render(context) == html
