"""The form of a case in the admin: its inlines, proposals, errors, limits and previews."""

import re

import pytest
from django.urls import reverse

from cases.files.keys import proposed_key
from cases.models import Actor, Case, Keyword, Sphere
from cases.publishing import editions, similar_names
from questions.models import Question
from tests.cases.admin.test_case import form_of
from tests.factories import (
    ActorFactory,
    ConceptFactory,
    KeywordFactory,
    PartFactory,
    QuestionFactory,
    UserFactory,
    published_case,
)
from tests.questions.factories import ModuleFactory, OwnQuestionFactory

pytestmark = pytest.mark.django_db

ADD = "/beheer/cases/case/add/"


def rows(prefix: str, *filled: dict) -> dict:
    values = {f"{prefix}-TOTAL_FORMS": len(filled), f"{prefix}-INITIAL_FORMS": 0}
    return values | {f"{prefix}-{n}-{name}": value for n, row in enumerate(filled) for name, value in row.items()}


def new_case(*, actors=(), keywords=(), questions=(), references=(), **fields) -> dict:
    """Return the data that the form of a new case posts."""
    return {
        "title": "De nieuwe casus",
        **rows("case_actors", *actors),
        **rows("case_keywords", *keywords),
        **rows("questions", *questions),
        **rows("references", *references),
        **fields,
    }


def change(case: Case) -> str:
    return reverse("admin:cases_case_change", args=[case.pk])


def errors_of(response) -> list[str]:
    """Return every error that the form shows, in order."""
    assert response.status_code == 200
    context = response.context
    found = [error for errors in context["adminform"].form.errors.values() for error in errors]
    for panel in context["inline_admin_formsets"]:
        found += [error for form in panel.formset.forms for errors in form.errors.values() for error in errors]
    return found


# --- The page of the form ---


def test_the_fields_are_in_the_order_of_writing(client, editor):
    page = client.get(ADD).content.decode()
    names = ["title", "part", "summary", "introduction", "body", "closing"]
    expected = [f'name="{name}"' for name in names]
    expected += ['name="case_actors-0-actor_name"', 'name="case_keywords-0-keyword_name"', 'name="questions-0-text"']
    expected += ['name="references-0-text"', 'name="number"', 'name="slug"']
    positions = [page.index(field) for field in expected]
    assert positions == sorted(positions)


def test_every_lens_is_explained_with_an_example(client, editor):
    page = client.get(ADD).content.decode()
    assert page.count("Bijvoorbeeld:") == 4 * 2  # for the first question and for the template of new ones
    assert "Een eerste stap: wat ga je doen of uitproberen?" in page


def test_every_inline_can_be_filled_in_without_javascript(client, editor):
    page = client.get(ADD).content.decode()
    for field in ("case_actors-2-actor_name", "case_keywords-2-keyword_name", "questions-0-text", "references-0-url"):
        assert f'name="{field}"' in page


def test_the_fields_link_to_their_step_of_the_guide(client, editor):
    page = client.get(ADD).content.decode()
    guide = client.get("/beheer/cases/case/gids/").content.decode()
    steps = set(re.findall(r'href="/beheer/cases/case/gids/#([a-z-]+)"', page))
    assert steps == {"titel", "verhaal", "onherkenbaar", "actoren", "sleutelwoorden", "vragen", "literatuur"}
    assert steps <= set(re.findall(r'id="([a-z-]+)"', guide))


# --- A concept ---


def test_a_concept_requires_only_a_title(client, editor):
    published_case(number=7)
    response = client.post(ADD, new_case())
    assert response.status_code == 302
    case = Case.objects.get(title="De nieuwe casus")
    assert (case.number, case.slug, case.part, case.status) == (8, "de-nieuwe-casus", None, "concept")


def test_a_complete_case_is_saved_as_typed(client, editor):
    ActorFactory(name="Bewoner")
    KeywordFactory(name="schulden")
    values = new_case(
        part=PartFactory().pk,
        summary="In het kort.",
        introduction="Eerst dit.\r\n\r\nEn dan dat.  \r\n",
        body="### Kopje\r\n\r\nHet verhaal.",
        closing="Klaar.",
        actors=[{"actor_name": "bewoner", "person": "mevrouw Uysal"}],
        keywords=[{"keyword_name": "Schulden"}],
        questions=[{"text": "Wat doe je als eerste?", "kolb": "doener"}, {"text": "Waarom?", "kolb": "denker"}],
        references=[{"text": "Bos (2020). *Iets*.", "url": "https://example.org"}],
    )
    assert client.post(ADD, values).status_code == 302
    case = Case.objects.get()
    assert case.introduction == "Eerst dit.\n\nEn dan dat."
    assert [(line.actor.name, line.person, line.position) for line in case.case_actors.all()] == [
        ("Bewoner", "mevrouw Uysal", 1)
    ]
    assert [word.name for word in case.keywords.all()] == ["schulden"]
    assert list(case.questions.values_list("key", "kolb", "position")) == [
        ("doe-eerste", "doener", 1),
        ("waarom", "denker", 2),
    ]
    editions.publish(case=case)  # newlines and spaces of a browser do not block this


def test_position_numbers_define_the_order(client, editor):
    values = new_case(
        questions=[
            {"text": "Tweede?", "kolb": "doener", "position": 2},
            {"text": "Zonder nummer?", "kolb": "doener", "position": ""},
            {"text": "Eerste?", "kolb": "doener", "position": 1},
        ]
    )
    client.post(ADD, values)
    assert list(Question.objects.values_list("text", flat=True)) == ["Eerste?", "Tweede?", "Zonder nummer?"]


def test_the_form_shows_everything_that_was_typed_after_a_mistake(client, editor):
    values = new_case(title="", body="Lang verhaal", questions=[{"text": "Mijn vraag?"}, {"text": "En deze?"}])
    response = client.post(ADD, values)
    assert sorted(errors_of(response)) == ["Dit veld is verplicht."] * 3
    page = response.content.decode()
    assert "Lang verhaal" in page
    assert "Mijn vraag?" in page
    assert "En deze?" in page
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("number", 7, "Dit nummer is al van «Al van mij». Laat leeg voor het volgende."),
        ("slug", "al-van-mij", "Deze webnaam is al van «Al van mij». Laat leeg voor een andere."),
        ("slug", "Met_Hoofdletters", "Gebruik alleen kleine letters, cijfers en streepjes."),
    ],
)
def test_an_invalid_number_or_slug_is_an_error(client, editor, field, value, message):
    published_case(number=7, slug="al-van-mij", title="Al van mij")
    assert errors_of(client.post(ADD, new_case(**{field: value}))) == [message]


# --- Fields that are fixed after publication ---


def working_copy(**fields) -> Case:
    return editions.start_working_copy(case=published_case(**fields))


def test_number_and_slug_of_a_published_case_cannot_change(client, editor):
    copy = working_copy(number=7, slug="vast")
    assert client.post(change(copy), form_of(copy, number=9, slug="los", title="Nieuw")).status_code == 302
    copy.refresh_from_db()
    assert (copy.number, copy.slug, copy.title) == (7, "vast", "Nieuw")


def test_the_key_of_a_published_question_cannot_change(client, editor):
    copy = working_copy(kolbs=["doener"])
    client.post(change(copy), form_of(copy, **{"questions-0-key": "anders", "questions-0-text": "Andere woorden?"}))
    assert list(copy.questions.values_list("key", "text")) == [("vraag-1", "Andere woorden?")]


def test_the_key_of_an_unpublished_question_can_change(client, editor):
    concept = ConceptFactory(kolbs=["doener"])
    client.post(change(concept), form_of(concept, **{"questions-0-key": "anders"}))
    assert list(concept.questions.values_list("key", flat=True)) == ["anders"]


def with_new_question(case: Case, **row) -> dict:
    count = case.questions.in_library().count()
    values = form_of(case)
    values |= {
        f"questions-{count}-{name}": value for name, value in {"kolb": "denker", "text": "Nieuw?", **row}.items()
    }
    return values | {"questions-TOTAL_FORMS": count + 1}


def test_a_new_question_cannot_have_a_published_key_of_a_deleted_question(client, editor):
    copy = working_copy(kolbs=["doener"])
    values = with_new_question(copy, key="vraag-1") | {"questions-0-DELETE": "on"}
    message = "De sleutel «vraag-1» is al van een andere vraag van deze casus."
    assert errors_of(client.post(change(copy), values)) == [message]


def test_a_new_question_cannot_have_the_key_of_a_retired_question(client, editor):
    case = published_case(kolbs=["doener"])
    QuestionFactory(case=case, key="vervallen", retired=True)
    copy = editions.start_working_copy(case=case)
    assert len(errors_of(client.post(change(copy), with_new_question(copy, key="vervallen")))) == 1
    assert client.post(change(copy), with_new_question(copy, text="Vervallen?")).status_code == 302
    assert copy.questions.get(kolb="denker").key == "vervallen-2"


def test_an_editor_cannot_use_keys_of_own_questions(client, editor):
    concept = ConceptFactory(kolbs=[])
    message = "Zo heten vragen die docenten zelf toevoegen. Kies een andere sleutel."
    assert errors_of(client.post(change(concept), with_new_question(concept, key="eigen-1"))) == [message]
    client.post(change(concept), with_new_question(concept, text="Eigen 1"))
    assert concept.questions.get().key == "vraag-eigen-1"


def test_own_questions_of_teachers_are_not_in_the_form(client, editor):
    case = published_case(kolbs=["doener"])
    OwnQuestionFactory(module=ModuleFactory(), case=case, text="Alleen voor mijn klas?")
    assert "Alleen voor mijn klas?" not in client.get(change(case)).content.decode()


@pytest.mark.parametrize(
    ("text", "taken", "key"),
    [
        ("Wat doe je als eerste?", (), "doe-eerste"),
        ("Wat doe je als eerste?", ("doe-eerste",), "doe-eerste-2"),
        ("Hoe kijkt de cliënt naar **Eigen kracht**, en wat vind je?", (), "kijkt-client-eigen-kracht"),
        ("Waarom?", (), "waarom"),
        ("???", (), "vraag"),
        ("Eigen 12?", (), "vraag-eigen-12"),
    ],
)
def test_a_key_is_proposed_from_the_significant_words(text, taken, key):
    assert proposed_key(text, taken) == key


# --- Keywords and actors ---


def test_a_new_keyword_and_a_new_actor_can_be_added_in_the_form(client, editor):
    values = new_case(
        actors=[
            {"actor_name": "Buurtvader", "person": "Karim", "sphere": "hybrid", "is_new": "on"},
            {"actor_name": "Buurtvader", "person": "Said", "sphere": "hybrid", "is_new": "on"},
        ],
        keywords=[{"keyword_name": "buurtmoestuin", "is_new": "on"}],
    )
    assert client.post(ADD, values).status_code == 302
    case = Case.objects.get()
    assert [line.person for line in case.case_actors.all()] == ["Karim", "Said"]
    assert Actor.objects.get().sphere == Sphere.HYBRID
    assert Keyword.objects.get().slug == "buurtmoestuin"


def test_unknown_names_are_errors_unless_marked_as_new(client, editor):
    values = new_case(keywords=[{"keyword_name": "buurtmoestuin"}], actors=[{"actor_name": "Buurtvader"}])
    assert sorted(errors_of(client.post(ADD, values))) == [
        "«Buurtvader» staat nog niet in de lijst. Kies een ander, of kies dat dit nieuw is.",
        "«buurtmoestuin» staat nog niet in de lijst. Kies een ander, of kies dat dit nieuw is.",
    ]
    assert not Keyword.objects.exists()
    assert not Actor.objects.exists()


def test_a_new_actor_requires_a_sphere(client, editor):
    values = new_case(actors=[{"actor_name": "Buurtvader", "is_new": "on"}])
    message = "Kies voor een nieuwe actor of die informeel, formeel of ertussenin is."
    assert errors_of(client.post(ADD, values)) == [message]


def test_a_keyword_that_is_similar_to_another_is_an_error(client, editor):
    KeywordFactory(name="mantelzorg")
    message = "«mantelzorgers» lijkt op «mantelzorg». Neem dat, of kies dat dit nieuw is."
    assert errors_of(client.post(ADD, new_case(keywords=[{"keyword_name": "mantelzorgers"}]))) == [message]


def test_a_repeated_keyword_is_an_error(client, editor):
    KeywordFactory(name="schulden")
    values = new_case(keywords=[{"keyword_name": "schulden"}, {"keyword_name": "Schulden"}])
    assert errors_of(client.post(ADD, values)) == ["Dit staat er al. Haal één van de twee weg."]


def test_an_editor_without_permission_cannot_add_a_keyword(client):
    editor = UserFactory(groups=["Redactie"])
    group = editor.groups.get()
    group.permissions.remove(group.permissions.get(codename="add_keyword"))
    client.force_login(editor)
    message = "«rouw» staat niet in de lijst, en je mag zelf niets aan die lijst toevoegen."
    values = new_case(keywords=[{"keyword_name": "rouw", "is_new": "on"}])
    assert errors_of(client.post(ADD, values)) == [message]


VOCABULARY = [
    Keyword(name="mantelzorg", synonyms=["zorgen voor een naaste"]),
    Keyword(name="eenzaamheid", synonyms=[]),
    Keyword(name="schulden", synonyms=["rood staan"]),
    Keyword(name="cliëntperspectief", synonyms=[]),
    Keyword(name="sociaal wijkteam", synonyms=[]),
    Keyword(name="vrijwilliger", synonyms=[]),
]


@pytest.mark.parametrize(
    ("name", "same", "alike"),
    [
        ("mantelzorg", "mantelzorg", []),
        ("Mantelzorg", "mantelzorg", []),
        ("clientperspectief", "cliëntperspectief", []),
        ("sociaalwijkteam", "sociaal wijkteam", []),
        ("mantelzorgers", None, ["mantelzorg"]),
        ("schuld", None, ["schulden"]),
        ("eenzaam", None, ["eenzaamheid"]),
        ("eenzamheid", None, ["eenzaamheid"]),
        ("Rood staan", None, ["schulden"]),
        ("wijkteam, sociaal", None, ["sociaal wijkteam"]),
        ("vrijwilligers", None, ["vrijwilliger"]),
        ("rouw", None, []),
        ("zorg", None, []),
        ("!?", None, []),
    ],
)
def test_similar_names_are_found(name, same, alike):
    found = similar_names.look_up(name, VOCABULARY)
    assert found.same and found.same.name == same or (found.same, same) == (None, None)
    assert [row.name for row in found.alike] == alike


def test_the_endpoint_for_names_returns_equal_and_similar_names(client, editor):
    KeywordFactory(name="mantelzorg")
    ActorFactory(name="Mantelzorger", sphere="informal")
    address = "/beheer/cases/case/bestaat-al/"
    query = {"soort": "sleutelwoord", "naam": " mantelzorgers "}
    assert client.get(address, query).json() == {
        "name": "mantelzorgers",
        "same": None,
        "sphere": "",
        "alike": ["mantelzorg"],
    }
    reply = client.get(address, {"soort": "actor", "naam": "MANTELZORGER"}).json()
    assert (reply["same"], reply["sphere"]) == ("Mantelzorger", "informal")
    assert client.get(address, {"soort": "boom", "naam": "x"}).status_code == 400
    assert client.get(address, {"soort": "actor", "naam": "  "}).status_code == 400
    assert client.post(address).status_code == 405
    client.logout()
    assert client.get(address, query, headers={"X-Requested-With": "XMLHttpRequest"}).status_code == 401


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(client, editor, count, django_assert_num_queries):
    lines = [("Bewoner", "informal", f"Persoon {n}") for n in range(count)]
    names = [f"woord {n}" for n in range(count)]
    copy = working_copy(actor_lines=lines, keyword_names=names, kolbs=["doener"] * count)
    client.get(change(copy))  # the first request fills the caches of the process
    with django_assert_num_queries(20):
        client.get(change(copy))


# --- Previews ---


def test_an_editor_can_preview_a_concept(client, editor):
    concept = ConceptFactory(title="Nog niet af", body="### Kopje\n\nMet *nadruk* en <script>alert(1)</script>.")
    response = client.get(reverse("admin:cases_case_as_student", args=[concept.pk]))
    page = response.content.decode()
    assert "<em>nadruk</em>" in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "Voorbeeld." in page
    assert 'content="noindex, nofollow"' in page
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"


def test_an_editor_can_preview_a_concept_without_a_part(client, editor):
    concept = ConceptFactory(part=None, kolbs=[], introduction="", body="", closing="")
    assert client.get(reverse("admin:cases_case_as_student", args=[concept.pk])).status_code == 200


def test_the_preview_shows_the_working_copy(client, editor):
    copy = working_copy(title="Zoals het was")
    Case.objects.filter(pk=copy.pk).update(title="Zoals het wordt")
    page = client.get(reverse("admin:cases_case_as_student", args=[copy.pk])).content.decode()
    assert "Zoals het wordt" in page
    assert "Zoals het was" not in page


@pytest.mark.parametrize("person", [{}, {"groups": ["Docenten"]}])
def test_only_editors_can_see_a_preview(client, person):
    address = reverse("admin:cases_case_as_student", args=[ConceptFactory().pk])
    assert client.get(address).url == f"/account/inloggen/?next={address}"
    client.force_login(UserFactory(**person))
    assert client.get(address).status_code == 404
    assert client.post("/beheer/cases/case/opmaak/", {"text": "x"}).status_code == 404


def test_a_withdrawn_case_has_no_preview(client, editor):
    case = published_case()
    Case.objects.filter(pk=case.pk).update(status="withdrawn")
    assert client.get(reverse("admin:cases_case_as_student", args=[case.pk])).status_code == 404


def test_saving_can_redirect_to_the_preview(client, editor):
    response = client.post(ADD, new_case(_preview="1"))
    case = Case.objects.get()
    assert response.url == reverse("admin:cases_case_as_student", args=[case.pk])
    assert client.post(change(case), form_of(case, _preview="1")).url == response.url


def test_saving_and_continuing_redirects_to_the_form(client, editor):
    page = client.post(ADD, new_case(_continue="1"), follow=True)
    case = Case.objects.get()
    assert page.redirect_chain == [(change(case), 302)]
    assert re.search(r"«De nieuwe casus» is opgeslagen om \d\d:\d\d. Je kunt verder schrijven.", page.content.decode())
    assert client.post(change(case), form_of(case, _continue="1")).url == change(case)


def test_the_preview_of_a_text_is_rendered_as_on_the_site(client, editor):
    address = "/beheer/cases/case/opmaak/"
    text = '### Kop\n\n<img src=x onerror=alert(1)> [link](javascript:alert(1)) ![p](https://x.nl/p.png) "en" *zo*'
    html = client.post(address, {"text": text}).content.decode()
    assert '<h2 id="kop-kop">Kop</h2>' in html
    assert "<em>zo</em>" in html
    assert "<img" not in html
    assert "javascript:" not in html.partition("href")[2]
    shell = client.get(address, {"veld": "introduction"})
    assert shell.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in shell.headers["Content-Security-Policy"]
    assert "story__lead" in shell.content.decode()
    assert client.delete(address).status_code == 405


# --- The user of a form, and copies on a device ---


def test_a_cookie_names_the_saved_copy(client, editor):
    response = client.post(ADD, new_case(device_copy="0123456789abcdef.12"))
    cookie = response.cookies["casusboek-opgeslagen-0123456789abcdef"]
    assert (cookie.value, cookie["path"], cookie["samesite"]) == ("12", "/beheer/", "Lax")


def test_cookies_name_every_saved_copy(client, editor):
    response = client.post(ADD, new_case(device_copy="0123456789abcdef.12 fedcba9876543210.3"))
    cookies = {name: cookie.value for name, cookie in response.cookies.items() if name.startswith("casusboek-")}
    assert cookies == {"casusboek-opgeslagen-0123456789abcdef": "12", "casusboek-opgeslagen-fedcba9876543210": "3"}


@pytest.mark.parametrize("copy", ["", "x", "0123456789abcdef.", "0123456789ABCDEF.1", "0123456789abcdef.1;x", "a=b.1"])
def test_an_invalid_name_of_a_copy_is_ignored(client, editor, copy):
    response = client.post(ADD, new_case(device_copy=copy))
    assert response.status_code == 302
    assert not [name for name in response.cookies if name.startswith("casusboek-")]


def test_a_form_with_errors_sets_no_cookie(client, editor):
    response = client.post(ADD, new_case(title="", device_copy="0123456789abcdef.12"))
    assert not [name for name in response.cookies if name.startswith("casusboek-")]
    assert 'name="device_copy" value="0123456789abcdef.12"' in response.content.decode()


def test_a_form_of_another_user_is_not_saved_and_not_shown(client, editor):
    other = UserFactory(groups=["Redactie"])
    response = client.post(ADD, new_case(user=other.pk, body="Van een ander"))
    assert response.status_code == 409
    assert "Van een ander" not in response.content.decode()
    assert not Case.objects.exists()


# --- Limits of texts ---

MEGABYTE = 1024 * 1024


def test_a_story_over_the_limit_is_an_error_and_stays_in_the_form(client, editor):
    story = "woord " * (MEGABYTE // 2)
    response = client.post(ADD, new_case(title="Te lang", body=story))
    assert response.status_code == 200
    assert errors_of(response) == [
        "Dit zijn 3.145.727 tekens. Er passen er 200.000. Kort het in en sla dan opnieuw op; wat je schreef, staat nog "
        "in dit veld."
    ]
    assert story.strip() in response.content.decode()
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("field", "limit"), [("introduction", 200_000), ("body", 200_000), ("closing", 200_000), ("summary", 20_000)]
)
def test_a_text_can_be_as_long_as_the_limit_and_not_longer(client, editor, field, limit):
    assert client.post(ADD, new_case(title="Vol", **{field: "é" * limit + "x"})).status_code == 200
    assert not Case.objects.exists()
    assert client.post(ADD, new_case(title="Vol", **{field: "é" * limit})).status_code == 302
    assert getattr(Case.objects.get(), field) == "é" * limit


def test_questions_and_references_have_a_limit(client, editor):
    questions, references = [{"text": "v" * 20_001, "kolb": "doener"}], [{"text": "r" * 20_001}]
    response = client.post(ADD, new_case(title="Rijen", questions=questions, references=references))
    assert len([message for message in errors_of(response) if message.startswith("Dit zijn 20.001 tekens.")]) == 2


def test_text_areas_do_not_cut_off_pasted_text(client, editor):
    page = client.get(ADD).content.decode()
    assert 'data-limit="200000"' in page
    assert not re.search(r"<textarea[^>]*maxlength", page)


def test_a_text_over_the_limit_has_no_preview(client, editor):
    address = "/beheer/cases/case/opmaak/"
    assert client.post(address, {"text": "w" * 100_000}).status_code == 200
    refused = client.post(address, {"text": "w" * 100_001})
    assert refused.status_code == 413
    assert "te lang om er hier steeds een voorbeeld van te maken" in refused.content.decode()
