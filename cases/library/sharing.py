"""What other sites and other texts need to link to a case: its address, its card, and its reference."""

from django.conf import settings
from django.templatetags.static import static

from casebook.lib.json_ld import json_ld
from cases.library.case_page import by_name
from cases.models import Case, Edition

SITE_NAME = "Casusboek"


def absolute(path: str) -> str:
    """Return the full address of a path of this site."""
    return f"{settings.SITE_URL.rstrip('/')}{path}"


def sharing_of(case: Case) -> dict:
    """Return the context of the head of a published case and of the section about sharing it."""
    edition = case.editions.defer("text").latest()
    address = absolute(case.get_absolute_url())
    return {
        "case": case,
        "edition": edition,
        "site_name": SITE_NAME,
        "address": address,
        "picture": absolute(static("img/card.png")),
        "structured_data": json_ld(_learning_resource(case, edition, address)),
    }


def _learning_resource(case: Case, edition: Edition, address: str) -> dict:
    """Return the case as a LearningResource of schema.org. It claims no licence, since the site does not know one."""
    return {
        "@type": "LearningResource",
        "@id": address,
        "url": address,
        "name": case.title,
        "description": case.summary,
        "inLanguage": "nl",
        "learningResourceType": "casus",
        "keywords": [keyword.name for keyword in by_name(case.keywords.all())],
        "timeRequired": f"PT{case.minutes}M",
        "version": str(edition.number),
        "dateModified": edition.published_at.date().isoformat(),
        "isAccessibleForFree": True,
        "isPartOf": {"@type": "Collection", "name": SITE_NAME, "url": absolute("/")},
    }
