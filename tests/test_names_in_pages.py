"""Names on every page: a name from right to left is isolated, and no direction mark of a user reaches a page."""

import re

import pytest

from casebook.models import User
from questions.models import Comment
from tests.world import World, routes

pytestmark = [pytest.mark.django_db, pytest.mark.long, pytest.mark.once]

ARABIC = ["سميرة", "نور", "ليلى", "يوسف", "كريم", "مريم", "عمر", "هند", "زيد", "رنا", "طارق", "دينا"]
LETTERS = "\u0600-\u06ff"
WRITTEN = re.compile(f"(.?)([{LETTERS}][{LETTERS} ]*)", re.DOTALL)
OF_A_FIELD = re.compile(r'value="[^"]*"')
ROLES = ("stranger", "student", "teacher", "administrator")


@pytest.fixture
def world():
    world = World()
    for user, name in zip(User.objects.order_by("pk"), ARABIC * 3, strict=False):
        user.name = f"\u202e{name} {ARABIC[user.pk % 12]}\u202c"
        user.save(update_fields=["name"])
    Comment.objects.filter(module=world.module).update(owner=world.users["colleague"])
    return world


def addresses(world: World) -> list[str]:
    return list(
        dict.fromkeys([*(world.addresses[name] for name in routes() if name in world.addresses), *world.variants()])
    )


def test_a_name_from_right_to_left_is_isolated_on_every_page(world):
    seen, bare, marked = set(), [], []
    for role in ROLES:
        client = world.client(role)
        for address in addresses(world):
            response = client.get(address)
            if response.status_code != 200 or "html" not in response.get("Content-Type", ""):
                continue
            text = OF_A_FIELD.sub("", response.content.decode())
            if "\u202e" in text or "\u202c" in text:
                marked.append(address)
            for before, name in WRITTEN.findall(text):
                seen.add((role, address))
                if before != "\u2068":
                    bare.append(f"{role} {address}: {name}")
    assert bare == []
    assert marked == []
    assert len(seen) > 60
