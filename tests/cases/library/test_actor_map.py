"""The data of the Kolb ring and of the actor map."""

import pytest

from cases.library import actor_map
from cases.models import CaseActor, Sphere
from questions.models import ring
from tests.factories import ActorFactory


def lines(*pairs: tuple[str, str, str]) -> list[CaseActor]:
    return [
        CaseActor(actor=ActorFactory.build(name=name, sphere=sphere), person=person) for name, sphere, person in pairs
    ]


def test_a_ring_has_a_description_and_four_slices():
    figure = ring({"doener": 1, "denker": 4})
    assert figure.description == "Vijf vragen: 1 doener, 4 denker"
    assert [(part.kolb.value, part.count, part.filled) for part in figure.slices] == [
        ("doener", 1, 1),
        ("beschouwer", 0, 0),
        ("denker", 4, 4),
        ("beslisser", 0, 0),
    ]


def test_a_slice_has_at_most_six_filled_segments():
    assert ring({"denker": 9}).slices[2].filled == 6


def test_a_ring_without_questions_has_its_own_description():
    assert ring({}).description == "Nog geen vragen"


def test_every_actor_has_a_spot_that_does_not_overlap_another():
    actors = [("Familie", sphere, f"een tamelijk lange naam in het verhaal {n}") for sphere in Sphere for n in range(9)]
    figure = actor_map.actor_map(lines(*actors))
    assert len(figure.spots) == 27
    for sphere in Sphere:
        column = [spot for spot in figure.spots if spot.sphere == sphere]
        for above, below in zip(column, column[1:], strict=False):
            assert below.y - above.y >= (len(above.person) + len(above.actor)) * actor_map.LINE
        last = column[-1]
        assert last.y + (len(last.person) + len(last.actor) - 1) * actor_map.LINE < figure.height


def test_hybrid_actors_are_on_the_border():
    figure = actor_map.actor_map(lines(("Familie", "informal", "a"), ("Sociaal ondernemer", "hybrid", "b")))
    informal, hybrid = figure.spots
    assert informal.x < 400 < hybrid.x < 800


@pytest.mark.parametrize("sphere", Sphere)
def test_a_map_can_have_one_actor(sphere):
    assert len(actor_map.actor_map(lines(("Gemeente", sphere, ""))).spots) == 1


def test_a_map_without_actors_is_empty():
    assert actor_map.actor_map([]).spots == ()


def test_spheres_are_listed_in_the_order_of_the_axis():
    listed = actor_map.spheres(lines(("Gemeente", "formal", ""), ("Familie", "informal", "a")))
    assert [group.sphere for group in listed] == [Sphere.INFORMAL, Sphere.FORMAL]
