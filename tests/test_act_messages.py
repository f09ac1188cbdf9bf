"""What an act did is said: the page that follows each POST has a message, or is listed here with its reason."""

import pytest

from tests.test_rights import ROLES, TABLE, rolled_back
from tests.world import World

pytestmark = pytest.mark.django_db

# Addresses whose next page itself shows what happened.
WITHOUT_MESSAGE = {
    "account_login": "users who are signed in are redirected to home",
    "account_signup": "the same",
    "account_request_login_code": "the same",
    "account_confirm_login_code": "there is no code to confirm",
    "account_set_password": "users who have a password are redirected to the form that changes it",
    "account_reset_password_from_key": "the page of the link itself",
    "account_logout": "the menu offers to sign in",
    "own_data_code": "without mail there is no such page",
    "invitation": "the page says that the user is a teacher now",
    "questions:shared": "the page has the answers of others",
    "questions:reading_choices": "the page has the chosen order",
    "questions:feedback_seen": "sent by a script, or by a button on the list that it changes",
    "questions:feedback_taken_up": "the page opens the field, with the caret in it",
}


def redirecting_posts() -> list[tuple[str, str]]:
    """Return the name and role of each POST that is answered with a redirect and not meant for the sign-in page."""
    found = []
    for line in TABLE.strip().splitlines():
        name, rest = line.split(None, 1)
        statuses = rest.split("|")[1].split()
        by_role = dict(zip(ROLES, statuses * len(ROLES) if len(statuses) == 1 else statuses, strict=False))
        found += [(name, role) for role in ("student", "teacher", "stranger") if by_role[role] == "302"]
    return [(name, role) for name, role in found if not name.startswith("admin:")]


@pytest.fixture(scope="module")
def posts() -> list[tuple[str, str]]:
    return redirecting_posts()


def test_page_after_each_act_has_a_message_about_it(posts):
    world, silent = World(), set()
    for name, role in posts:
        with rolled_back():
            client = world.client(role)
            response = client.post(world.addresses[name], world.bodies.get(name, {}))
            page = client.get(response.headers["Location"].split("#")[0]) if response.status_code == 302 else response
            if b'class="message ' not in page.content:
                silent.add(name)
    assert silent - set(WITHOUT_MESSAGE) == set()
    assert {name for name, _role in posts} >= set(WITHOUT_MESSAGE), "addresses that need no exception"
