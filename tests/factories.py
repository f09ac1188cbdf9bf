"""Factories of test rows. A field that matters to a test is an argument, and the others have plain values."""

import factory
from django.contrib.auth.models import Group

from casebook.models import User
from cases.models import Actor, Case, CaseActor, CaseKeyword, Keyword, Part, Sphere
from cases.publishing import editions
from questions.models import Kolb, Question


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Persoon {n}")
    email = factory.Sequence(lambda n: f"persoon{n}@example.org")

    @factory.post_generation
    def groups(self, create, names, **kwargs):
        for name in names or ():
            self.groups.add(Group.objects.get(name=name))


class PartFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Part
        django_get_or_create = ["number"]

    number = 1
    title = factory.LazyAttribute(lambda part: f"Deel {part.number}")
    slug = factory.LazyAttribute(lambda part: f"deel-{part.number}")
    introduction = "Een inleiding."


class KeywordFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Keyword
        django_get_or_create = ["name"]

    name = "schulden"
    slug = factory.LazyAttribute(lambda word: word.name.replace(" ", "-").lower())


class ActorFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Actor
        django_get_or_create = ["name"]

    name = "Bewoner"
    slug = factory.LazyAttribute(lambda actor: actor.name.replace(" ", "-").lower())
    sphere = Sphere.INFORMAL


class QuestionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Question

    key = factory.Sequence(lambda n: f"vraag-{n}")
    position = factory.Sequence(lambda n: n)
    text = "Wat doe je als eerste?"
    kolb = Kolb.DOENER


class ConceptFactory(factory.django.DjangoModelFactory):
    """A concept, which only editors can see, complete enough to publish."""

    class Meta:
        model = Case
        skip_postgeneration_save = True

    number = factory.Sequence(lambda n: n + 100)
    slug = factory.LazyAttribute(lambda case: f"casus-{case.number}")
    title = factory.LazyAttribute(lambda case: f"Titel {case.number}")
    part = factory.SubFactory(PartFactory)
    summary = "Een omschrijving."
    introduction = "Zo begint het."
    body = "### Een kopje\n\nHier gebeurt het."
    closing = "Zo loopt het af."

    @factory.post_generation
    def keyword_names(self, create, names, **kwargs):
        for position, name in enumerate(["schulden"] if names is None else names, start=1):
            CaseKeyword.objects.create(case=self, keyword=KeywordFactory(name=name), position=position)

    @factory.post_generation
    def actor_lines(self, create, lines, **kwargs):
        for position, (name, sphere, person) in enumerate(lines or [("Bewoner", "informal", "mevrouw Uysal")], start=1):
            actor = ActorFactory(name=name, sphere=sphere)
            CaseActor.objects.create(case=self, actor=actor, person=person, position=position)

    @factory.post_generation
    def kolbs(self, create, kolbs, **kwargs):
        for number, kolb in enumerate(["doener"] if kolbs is None else kolbs, start=1):
            QuestionFactory(case=self, key=f"vraag-{number}", position=number, kolb=kolb)


def publish(case: Case) -> Case:
    """Return the case after publishing it with the function that the site uses."""
    editions.publish(case=case)
    case.refresh_from_db()
    return case


def published_case(**fields) -> Case:
    return publish(ConceptFactory(**fields))
