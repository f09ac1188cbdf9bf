"""The cells of the table of progress, from a table of states: an include for each of nine thousand is too slow."""

from functools import lru_cache

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from questions.models import WorkState
from questions.pages.progress import NOT_HANDED_IN, WORDS, Progress, Row

register = template.Library()


@register.simple_tag
def cells(row: Row, view: Progress) -> SafeString:
    """All cells of one student: a word, and where something was handed in a link to it."""
    kinds = _kinds(get_language())
    return format_html_join(
        "", "{}{}{}", (_cell(kinds[state], row, column) for state, column in zip(row.states, view.columns, strict=True))
    )


def _cell(kind: tuple[SafeString, SafeString], row: Row, column) -> tuple:
    before, after = kind
    return before, f"{row.tag}/{column.asked.pk}/" if after else "", after


@lru_cache
def _kinds(language: str) -> dict[WorkState, tuple[SafeString, SafeString]]:
    """By state what stands before the address in a cell, and after it; all before it where there is nothing to open."""
    kinds = {}
    for state in WorkState:
        if state in NOT_HANDED_IN:
            kinds[state] = format_html('<td class="{}">{}</td>', state.value, WORDS[state]), SafeString()
        else:
            before = format_html('<td class="{}"><a href="', state.value)
            kinds[state] = before, format_html('">{}</a></td>', WORDS[state])
    return kinds


@register.filter
def word(state: WorkState) -> str:
    return WORDS[state]


@register.filter
def day(when) -> str:
    return date_format(timezone.localtime(when), "j F")
