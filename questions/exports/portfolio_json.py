"""The export of a portfolio as JSON, with earlier versions and without feedback that is not released."""

import json
from datetime import datetime

from django.utils import timezone

from casebook.models import User
from questions.models import AnswerState, Feedback, Verdict
from questions.pages.portfolio import Chapter, Entry, Portfolio, Section, SubmissionEntry

FORMAT_VERSION = 1
STATES = [
    f"{state.value} ({state.label})" if state in Verdict.values and state.label != state.value else state.value
    for state in AnswerState
]

# The meaning of each key of the JSON file. It is part of the file, so that users can read it years later.
EXPLANATION = {
    "modules": "Per module de opdrachten met je antwoorden. left: je zit niet (meer) in deze module.",
    "own_study": "Wat je voor jezelf schreef, buiten een opdracht om. Geen docent ziet dit.",
    "question": "De vraag zoals de opdracht hem stelt, in Markdown. key: de vaste naam van de vraag binnen de casus.",
    "lens": "De bril van de vraag: doener, beschouwer, denker of beslisser. Zegt iets over de vraag, niet over jou.",
    "state": f"{', '.join(STATES[:-1])} of {STATES[-1]}.",
    "text": "De tekst zoals hij nu is. revision telt hoe vaak hij is opgeslagen.",
    "handed_in": "Elke keer dat je inleverde, de nieuwste eerst, met de vraag en de tekst van toen en de feedback "
    "die voor jou is vrijgegeven. withdrawn_at: wanneer je het terugnam. author is null als die docent geen "
    "account meer heeft.",
    "versions": "Eerdere versies die zijn bewaard. kind: conflict (tegelijk geschreven, niet gekozen), chosen "
    "(vervangen toen je een andere tekst koos), shrunk (vóór je veel tekst weghaalde), earlier (eerder, voor je verder "
    "schreef), handed_in (ingeleverd).",
    "…_at": "Tijdstippen in Nederlandse tijd, volgens ISO 8601.",
}


def as_json(user: User, portfolio: Portfolio) -> bytes:
    """Return the portfolio of this user as a JSON file."""
    return dump(
        {
            "format": "casusboek-antwoorden",
            "version": FORMAT_VERSION,
            "exported_at": iso(timezone.now()),
            "explanation": EXPLANATION,
            "person": {"name": user.name, "email": user.email},
            **describe(portfolio),
        }
    )


def dump(content: dict) -> bytes:
    """Return the content as indented JSON in UTF-8."""
    return json.dumps(content, ensure_ascii=False, indent=2).encode()


def iso(when: datetime | None) -> str | None:
    """Return the time in ISO 8601 in the time zone of the site, or None."""
    return timezone.localtime(when).isoformat(timespec="seconds") if when else None


def describe(portfolio: Portfolio) -> dict:
    """Return a portfolio as plain values. The portfolio needs whole versions (see portfolio_of)."""
    modules = [section for section in portfolio.sections if section.module]
    own = [chapter for section in portfolio.sections if not section.module for chapter in section.chapters]
    return {
        "modules": [_describe_section(section) for section in modules],
        "own_study": [_describe_chapter(chapter) for chapter in own],
    }


def _describe_section(section: Section) -> dict:
    module = section.module
    return {
        "title": module.title,
        "period": module.period,
        "archived_at": iso(module.archived_at),
        "left": section.has_left,
        "assignments": [
            _describe_chapter(chapter) | {"due_at": iso(chapter.assignment.due_at)} for chapter in section.chapters
        ],
    }


def _describe_chapter(chapter: Chapter) -> dict:
    return {
        "case_number": chapter.number,
        "case_title": chapter.title,
        "answers": [_describe_entry(entry) for entry in chapter.entries],
    }


def _describe_entry(entry: Entry) -> dict:
    answer = entry.answer
    return {
        "question": entry.wording,
        "key": answer.question.key,
        "lens": answer.question.kolb,
        "state": entry.state.value,
        "text": answer.text,
        "revision": answer.revision,
        "created_at": iso(answer.created_at),
        "updated_at": iso(answer.updated_at),
        "handed_in": [_describe_handed(handed) for handed in entry.handed],
        "versions": [
            {
                "kind": version.kind,
                "text": version.text,
                "base_revision": version.base_revision,
                "created_at": iso(version.created_at),
            }
            for version in entry.versions
        ],
    }


def _describe_handed(handed: SubmissionEntry) -> dict:
    submission = handed.submission
    return {
        "revision": submission.revision,
        "question": submission.asked,
        "text": submission.text,
        "submitted_at": iso(submission.submitted_at),
        "withdrawn_at": iso(submission.withdrawn_at),
        "feedback": [describe_feedback(row) | {"author": author_name(row)} for row in handed.feedback],
    }


def describe_feedback(feedback: Feedback) -> dict:
    """Return released feedback as its student sees it."""
    return {
        "verdict": feedback.shown_verdict.value,
        "text": feedback.shown_text,
        "released_at": iso(feedback.released_at),
    }


def author_name(feedback: Feedback) -> str | None:
    """Return the name of the teacher, or None if the account was deleted."""
    return (feedback.author.name or feedback.author.email) if feedback.author else None
