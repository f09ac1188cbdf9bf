"""The cells of the table of progress. They are made in Python, since nine thousand includes are too slow."""

from datetime import datetime
from functools import lru_cache

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from questions.models import WorkState
from questions.pages.progress import NOT_HANDED_IN, WORDS, Column, Progress, Row

register = template.Library()


@register.simple_tag
def cells(row: Row, view: Progress) -> SafeString:
    """Return all cells of one student: the state as text, with a link if an answer was handed in."""
    kinds = _kinds(get_language())
    return format_html_join(
        "", "{}{}{}", (_cell(kinds[state], row, column) for state, column in zip(row.states, view.columns, strict=True))
    )


def _cell(kind: tuple[SafeString, SafeString], row: Row, column: Column) -> tuple:
    before, after = kind
    return before, f"{row.tag}/{column.asked.pk}/" if after else "", after


@lru_cache
def _kinds(language: str) -> dict[WorkState, tuple[SafeString, SafeString]]:
    """Return by state the HTML before and after the address in a cell; without a link, all is in the first part."""
    kinds = {}
    for state in WorkState:
        if state in NOT_HANDED_IN:
            kinds[state] = format_html('<td class="{}">{}</td>', state.look, WORDS[state]), SafeString()
        else:
            before = format_html('<td class="{}"><a href="', state.look)
            kinds[state] = before, format_html('">{}</a></td>', WORDS[state])
    return kinds


@register.filter
def word(state: WorkState) -> str:
    """Return the text of a state as the cells have it."""
    return WORDS[state]


@register.filter
def day(when: datetime) -> str:
    """Return the day and month of a time, without the year."""
    return date_format(timezone.localtime(when), "j F")
