"""Someone recognised herself: of a withdrawn case no address of the site gives away what it told, to nobody."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from cases.library import page_cache
from cases.publishing import editions
from cases.transfer import sync
from tests.test_rights import ROLES, everything_said, taken_back
from tests.world import World, story, words

pytestmark = [pytest.mark.django_db, pytest.mark.long]

TOLD = [*vars(story).values(), words.WORKING_COPY]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """The small school, with every page of a visitor kept from before its case was withdrawn."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = World()
        world.told = {role: found(world, role, only_read=True) for role in ROLES}
        editions.withdraw(case=world.case, reason="Ze herkende zich.")
        yield world
        transaction.set_rollback(True)
        page_cache.forget()


def found(world: World, role: str, *, only_read: bool = False) -> dict[str, str]:
    """Every word of the story that somebody comes across who opens and sends whatever there is, with where."""
    asked = [("GET", address, None) for address in [*world.addresses.values(), *world.variants()]]
    if not only_read:
        asked += [("POST", address, world.bodies.get(name, {})) for name, address in world.addresses.items()]
    told: dict[str, str] = {}
    for method, address, body in asked:
        with taken_back():
            said = everything_said(getattr(world.client(role), method.lower())(address, body))
        for word in TOLD:
            if word.encode() in said:
                told.setdefault(word, f"{method} {address}")
    return told


@pytest.mark.parametrize("role", ROLES)
def test_no_address_gives_away_a_word_of_the_story(world, role):
    assert set(vars(story).values()) <= set(world.told[role]), "before it was withdrawn, everybody could read it"
    assert found(world, role) == {}


def test_searching_for_its_words_finds_nothing(world):
    for role in ("visitor", "editor", "administrator"):
        for address in ("/casussen/", "/beheer/cases/case/", "/beheer/cases/edition/"):
            for word in TOLD:
                said = world.client(role).get(address, {"q": word}).content.decode()
                assert world.case.title not in said, (role, address, word)


def test_what_was_written_about_it_is_still_there(world):
    said = {
        role: everything_said(world.client(role).get(world.addresses[name]))
        for role, name in {"student": "questions:answers_json", "teacher": "questions:assignment_feedback"}.items()
    }
    assert words.SUBMITTED.encode() in said["student"]
    assert words.RELEASED.encode() in said["student"]
    assert words.SUBMITTED.encode() in said["teacher"]


def test_it_is_not_exported(world):
    files = "\n".join(sync.export().values())
    assert [word for word in TOLD if word in files] == []


def test_its_address_is_gone_for_everybody(world):
    for role in ROLES:
        assert world.client(role).get(world.case.get_absolute_url()).status_code == 410, role
