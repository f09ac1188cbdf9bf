"""The figures behind the ring and the map."""

import pytest

from cases.library import actor_map
from cases.models import CaseActor, Sphere
from questions.models import ring
from tests.factories import ActorFactory


def lines(*pairs: tuple[str, str, str]) -> list[CaseActor]:
    return [
        CaseActor(actor=ActorFactory.build(name=name, sphere=sphere), person=person) for name, sphere, person in pairs
    ]


def test_a_ring_says_what_it_shows():
    drawn = ring({"doener": 1, "denker": 4})
    assert drawn.description == "Vijf vragen: 1 doener, 4 denker"
    assert [(part.kolb.value, part.count, part.filled) for part in drawn.slices] == [
        ("doener", 1, 1),
        ("beschouwer", 0, 0),
        ("denker", 4, 4),
        ("beslisser", 0, 0),
    ]


def test_a_quarter_is_cut_in_at_most_six():
    assert ring({"denker": 9}).slices[2].filled == 6


def test_a_ring_without_questions_says_so():
    assert ring({}).description == "Nog geen vragen"


def test_every_actor_has_a_spot_and_none_covers_another():
    crowd = [("Familie", sphere, f"een tamelijk lange naam in het verhaal {n}") for sphere in Sphere for n in range(9)]
    drawn = actor_map.actor_map(lines(*crowd))
    assert len(drawn.spots) == 27
    for sphere in Sphere:
        column = [spot for spot in drawn.spots if spot.sphere == sphere]
        for above, below in zip(column, column[1:], strict=False):
            assert below.y - above.y >= (len(above.person) + len(above.actor)) * actor_map.LINE
        last = column[-1]
        assert last.y + (len(last.person) + len(last.actor) - 1) * actor_map.LINE < drawn.height


def test_hybrid_actors_stand_on_the_border():
    drawn = actor_map.actor_map(lines(("Familie", "informal", "a"), ("Sociaal ondernemer", "hybrid", "b")))
    informal, hybrid = drawn.spots
    assert informal.x < 400 < hybrid.x < 800


@pytest.mark.parametrize("sphere", Sphere)
def test_one_actor_makes_a_map(sphere):
    assert len(actor_map.actor_map(lines(("Gemeente", sphere, ""))).spots) == 1


def test_no_actors_make_an_empty_map():
    assert actor_map.actor_map([]).spots == ()


def test_the_spheres_come_in_the_order_of_the_axis():
    listed = actor_map.spheres(lines(("Gemeente", "formal", ""), ("Familie", "informal", "a")))
    assert [group.sphere for group in listed] == [Sphere.INFORMAL, Sphere.FORMAL]
