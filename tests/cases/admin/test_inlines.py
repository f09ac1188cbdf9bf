"""Writing a case in the admin: what the form proposes, keeps, and points out."""

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
    """What the form of a new case posts."""
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
    """Every message that the form shows, in order."""
    assert response.status_code == 200
    context = response.context
    found = [error for errors in context["adminform"].form.errors.values() for error in errors]
    for panel in context["inline_admin_formsets"]:
        found += [error for form in panel.formset.forms for errors in form.errors.values() for error in errors]
    return found


# --- The form as a page ---


def test_the_form_has_the_order_in_which_one_works(client, editor):
    page = client.get(ADD).content.decode()
    names = ["title", "part", "summary", "introduction", "body", "closing"]
    wanted = [f'name="{name}"' for name in names]
    wanted += ['name="case_actors-0-actor_name"', 'name="case_keywords-0-keyword_name"', 'name="questions-0-text"']
    wanted += ['name="references-0-text"', 'name="number"', 'name="slug"']
    places = [page.index(field) for field in wanted]
    assert places == sorted(places)


def test_every_bril_is_explained_with_an_example(client, editor):
    page = client.get(ADD).content.decode()
    assert page.count("Bijvoorbeeld:") == 4 * 2  # of the first question, and of the empty one that more are made from
    assert "Een eerste stap: wat ga je doen of uitproberen?" in page


def test_all_kinds_of_rows_can_be_filled_in_without_a_script(client, editor):
    page = client.get(ADD).content.decode()
    for field in ("case_actors-2-actor_name", "case_keywords-2-keyword_name", "questions-0-text", "references-0-url"):
        assert f'name="{field}"' in page


def test_the_fields_lead_to_their_step_of_the_guide(client, editor):
    page = client.get(ADD).content.decode()
    guide = client.get("/beheer/cases/case/gids/").content.decode()
    steps = set(re.findall(r'href="/beheer/cases/case/gids/#([a-z-]+)"', page))
    assert steps == {"titel", "verhaal", "onherkenbaar", "actoren", "sleutelwoorden", "vragen", "literatuur"}
    assert steps <= set(re.findall(r'id="([a-z-]+)"', guide))


# --- A concept ---


def test_a_title_is_enough_for_a_concept(client, editor):
    published_case(number=7)
    response = client.post(ADD, new_case())
    assert response.status_code == 302
    case = Case.objects.get(title="De nieuwe casus")
    assert (case.number, case.slug, case.part, case.status) == (8, "de-nieuwe-casus", None, "concept")


def test_a_whole_case_is_kept_as_it_was_typed(client, editor):
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
    editions.publish(case=case)  # what a browser makes of newlines and spaces does not stop it


def test_the_numbers_say_the_order(client, editor):
    values = new_case(
        questions=[
            {"text": "Tweede?", "kolb": "doener", "position": 2},
            {"text": "Zonder nummer?", "kolb": "doener", "position": ""},
            {"text": "Eerste?", "kolb": "doener", "position": 1},
        ]
    )
    client.post(ADD, values)
    assert list(Question.objects.values_list("text", flat=True)) == ["Eerste?", "Tweede?", "Zonder nummer?"]


def test_a_mistake_keeps_everything_that_was_typed(client, editor):
    values = new_case(title="", body="Lang verhaal", questions=[{"text": "Mijn vraag?"}, {"text": "En deze?"}])
    response = client.post(ADD, values)
    assert sorted(errors_of(response)) == ["Dit veld is verplicht."] * 3
    page = response.content.decode()
    assert "Lang verhaal" in page
    assert "Mijn vraag?" in page
    assert "En deze?" in page
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("number", 7, "Dit nummer is al van «Al van mij». Laat leeg voor het volgende."),
        ("slug", "al-van-mij", "Deze webnaam is al van «Al van mij». Laat leeg voor een andere."),
        ("slug", "Met_Hoofdletters", "Gebruik alleen kleine letters, cijfers en streepjes."),
    ],
)
def test_a_number_or_web_name_that_cannot_be_is_told(client, editor, field, value, said):
    published_case(number=7, slug="al-van-mij", title="Al van mij")
    assert errors_of(client.post(ADD, new_case(**{field: value}))) == [said]


# --- What stays once it was published ---


def working_copy(**fields) -> Case:
    return editions.start_working_copy(case=published_case(**fields))


def test_number_and_web_name_of_a_published_case_stay(client, editor):
    copy = working_copy(number=7, slug="vast")
    assert client.post(change(copy), form_of(copy, number=9, slug="los", title="Nieuw")).status_code == 302
    copy.refresh_from_db()
    assert (copy.number, copy.slug, copy.title) == (7, "vast", "Nieuw")


def test_the_key_of_a_published_question_stays(client, editor):
    copy = working_copy(kolbs=["doener"])
    client.post(change(copy), form_of(copy, **{"questions-0-key": "anders", "questions-0-text": "Andere woorden?"}))
    assert list(copy.questions.values_list("key", "text")) == [("vraag-1", "Andere woorden?")]


def test_the_key_of_a_question_that_was_never_published_may_change(client, editor):
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


def test_a_new_question_takes_no_key_that_was_published_even_if_its_question_goes(client, editor):
    copy = working_copy(kolbs=["doener"])
    values = with_new_question(copy, key="vraag-1") | {"questions-0-DELETE": "on"}
    said = "De sleutel «vraag-1» is al van een andere vraag van deze casus."
    assert errors_of(client.post(change(copy), values)) == [said]


def test_a_new_question_takes_no_key_of_one_that_was_retired(client, editor):
    case = published_case(kolbs=["doener"])
    QuestionFactory(case=case, key="vervallen", retired=True)
    copy = editions.start_working_copy(case=case)
    assert len(errors_of(client.post(change(copy), with_new_question(copy, key="vervallen")))) == 1
    assert client.post(change(copy), with_new_question(copy, text="Vervallen?")).status_code == 302
    assert copy.questions.get(kolb="denker").key == "vervallen-2"


def test_keys_of_teachers_own_questions_are_not_for_editors(client, editor):
    concept = ConceptFactory(kolbs=[])
    said = "Zo heten vragen die docenten zelf toevoegen. Kies een andere sleutel."
    assert errors_of(client.post(change(concept), with_new_question(concept, key="eigen-1"))) == [said]
    client.post(change(concept), with_new_question(concept, text="Eigen 1"))
    assert concept.questions.get().key == "vraag-eigen-1"


def test_questions_of_teachers_are_not_in_the_form(client, editor):
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
def test_a_key_is_proposed_from_the_telling_words(text, taken, key):
    assert proposed_key(text, taken) == key


# --- Keywords and actors ---


def test_a_new_keyword_and_a_new_actor_are_made_in_place(client, editor):
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


def test_nothing_new_is_made_without_being_asked(client, editor):
    values = new_case(keywords=[{"keyword_name": "buurtmoestuin"}], actors=[{"actor_name": "Buurtvader"}])
    assert sorted(errors_of(client.post(ADD, values))) == [
        "«Buurtvader» staat nog niet in de lijst. Kies een ander, of kies dat dit nieuw is.",
        "«buurtmoestuin» staat nog niet in de lijst. Kies een ander, of kies dat dit nieuw is.",
    ]
    assert not Keyword.objects.exists()
    assert not Actor.objects.exists()


def test_a_new_actor_stands_somewhere_between_informal_and_formal(client, editor):
    values = new_case(actors=[{"actor_name": "Buurtvader", "is_new": "on"}])
    said = "Kies voor een nieuwe actor of die informeel, formeel of ertussenin is."
    assert errors_of(client.post(ADD, values)) == [said]


def test_a_keyword_that_looks_like_another_is_pointed_out(client, editor):
    KeywordFactory(name="mantelzorg")
    said = "«mantelzorgers» lijkt op «mantelzorg». Neem dat, of kies dat dit nieuw is."
    assert errors_of(client.post(ADD, new_case(keywords=[{"keyword_name": "mantelzorgers"}]))) == [said]


def test_the_same_keyword_twice_is_told_at_the_second(client, editor):
    KeywordFactory(name="schulden")
    values = new_case(keywords=[{"keyword_name": "schulden"}, {"keyword_name": "Schulden"}])
    assert errors_of(client.post(ADD, values)) == ["Dit staat er al. Haal één van de twee weg."]


def test_who_may_not_add_words_is_told(client):
    editor = UserFactory(groups=["Redactie"])
    group = editor.groups.get()
    group.permissions.remove(group.permissions.get(codename="add_keyword"))
    client.force_login(editor)
    said = "«rouw» staat niet in de lijst, en je mag zelf niets aan die lijst toevoegen."
    values = new_case(keywords=[{"keyword_name": "rouw", "is_new": "on"}])
    assert errors_of(client.post(ADD, values)) == [said]


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
def test_words_that_look_alike_are_known(name, same, alike):
    found = similar_names.look_up(name, VOCABULARY)
    assert found.same and found.same.name == same or (found.same, same) == (None, None)
    assert [row.name for row in found.alike] == alike


def test_the_form_asks_whether_a_name_is_there(client, editor):
    KeywordFactory(name="mantelzorg")
    ActorFactory(name="Mantelzorger", sphere="informal")
    address = "/beheer/cases/case/bestaat-al/"
    ask = {"soort": "sleutelwoord", "naam": " mantelzorgers "}
    assert client.get(address, ask).json() == {
        "name": "mantelzorgers",
        "same": None,
        "sphere": "",
        "alike": ["mantelzorg"],
    }
    answer = client.get(address, {"soort": "actor", "naam": "MANTELZORGER"}).json()
    assert (answer["same"], answer["sphere"]) == ("Mantelzorger", "informal")
    assert client.get(address, {"soort": "boom", "naam": "x"}).status_code == 400
    assert client.get(address, {"soort": "actor", "naam": "  "}).status_code == 400
    assert client.post(address).status_code == 405
    client.logout()
    assert client.get(address, ask, headers={"X-Requested-With": "XMLHttpRequest"}).status_code == 401


@pytest.mark.parametrize("count", [1, 3])
def test_the_form_takes_as_many_queries_for_few_rows_as_for_many(client, editor, count, django_assert_num_queries):
    lines = [("Bewoner", "informal", f"Persoon {n}") for n in range(count)]
    words = [f"woord {n}" for n in range(count)]
    copy = working_copy(actor_lines=lines, keyword_names=words, kolbs=["doener"] * count)
    client.get(change(copy))  # the first page looks up what a process keeps
    with django_assert_num_queries(21):
        client.get(change(copy))


# --- Looking ahead ---


def test_an_editor_sees_a_concept_as_a_student_will(client, editor):
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


def test_a_concept_without_a_part_can_be_seen_too(client, editor):
    concept = ConceptFactory(part=None, kolbs=[], introduction="", body="", closing="")
    assert client.get(reverse("admin:cases_case_as_student", args=[concept.pk])).status_code == 200


def test_a_working_copy_is_seen_and_not_what_readers_have(client, editor):
    copy = working_copy(title="Zoals het was")
    Case.objects.filter(pk=copy.pk).update(title="Zoals het wordt")
    page = client.get(reverse("admin:cases_case_as_student", args=[copy.pk])).content.decode()
    assert "Zoals het wordt" in page
    assert "Zoals het was" not in page


@pytest.mark.parametrize("person", [{}, {"groups": ["Docenten"]}])
def test_a_preview_is_for_editors_only(client, person):
    address = reverse("admin:cases_case_as_student", args=[ConceptFactory().pk])
    assert client.get(address).url == f"/account/inloggen/?next={address}"
    client.force_login(UserFactory(**person))
    assert client.get(address).status_code == 404
    assert client.post("/beheer/cases/case/opmaak/", {"text": "x"}).status_code == 404


def test_a_withdrawn_case_shows_no_text_here_either(client, editor):
    case = published_case()
    Case.objects.filter(pk=case.pk).update(status="withdrawn")
    assert client.get(reverse("admin:cases_case_as_student", args=[case.pk])).status_code == 404


def test_saving_can_lead_to_the_preview(client, editor):
    response = client.post(ADD, new_case(_preview="1"))
    case = Case.objects.get()
    assert response.url == reverse("admin:cases_case_as_student", args=[case.pk])
    assert client.post(change(case), form_of(case, _preview="1")).url == response.url


def test_saving_keeps_one_in_the_form(client, editor):
    page = client.post(ADD, new_case(_continue="1"), follow=True)
    case = Case.objects.get()
    assert page.redirect_chain == [(change(case), 302)]
    assert re.search(r"«De nieuwe casus» is opgeslagen om \d\d:\d\d. Je kunt verder schrijven.", page.content.decode())
    assert client.post(change(case), form_of(case, _continue="1")).url == change(case)


def test_a_text_is_shown_as_the_site_shows_it(client, editor):
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


# --- Whose form it is, and which copy was saved ---


def test_the_next_page_is_told_which_copy_was_saved(client, editor):
    response = client.post(ADD, new_case(device_copy="0123456789abcdef.12"))
    cookie = response.cookies["casusboek-opgeslagen-0123456789abcdef"]
    assert (cookie.value, cookie["path"], cookie["samesite"]) == ("12", "/beheer/", "Lax")


def test_a_copy_that_was_not_taken_over_yet_is_named_along(client, editor):
    response = client.post(ADD, new_case(device_copy="0123456789abcdef.12 fedcba9876543210.3"))
    named = {name: cookie.value for name, cookie in response.cookies.items() if name.startswith("casusboek-")}
    assert named == {"casusboek-opgeslagen-0123456789abcdef": "12", "casusboek-opgeslagen-fedcba9876543210": "3"}


@pytest.mark.parametrize("copy", ["", "x", "0123456789abcdef.", "0123456789ABCDEF.1", "0123456789abcdef.1;x", "a=b.1"])
def test_nonsense_about_a_copy_is_passed_over(client, editor, copy):
    response = client.post(ADD, new_case(device_copy=copy))
    assert response.status_code == 302
    assert not [name for name in response.cookies if name.startswith("casusboek-")]


def test_a_refused_form_says_no_copy_was_saved(client, editor):
    response = client.post(ADD, new_case(title="", device_copy="0123456789abcdef.12"))
    assert not [name for name in response.cookies if name.startswith("casusboek-")]
    assert 'name="device_copy" value="0123456789abcdef.12"' in response.content.decode()


def test_what_somebody_else_typed_here_is_not_stored_nor_shown(client, editor):
    other = UserFactory(groups=["Redactie"])
    response = client.post(ADD, new_case(user=other.pk, body="Van een ander"))
    assert response.status_code == 409
    assert "Van een ander" not in response.content.decode()
    assert not Case.objects.exists()


# --- How long a text may be ---

MEGABYTE = 1024 * 1024


def test_a_story_of_three_megabytes_is_told_its_limit_and_stays_in_the_form(client, editor):
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
def test_a_text_of_exactly_its_limit_is_stored_and_one_character_more_is_not(client, editor, field, limit):
    assert client.post(ADD, new_case(title="Vol", **{field: "é" * limit + "x"})).status_code == 200
    assert not Case.objects.exists()
    assert client.post(ADD, new_case(title="Vol", **{field: "é" * limit})).status_code == 302
    assert getattr(Case.objects.get(), field) == "é" * limit


def test_a_question_and_a_reference_have_a_limit_too(client, editor):
    questions, references = [{"text": "v" * 20_001, "kolb": "doener"}], [{"text": "r" * 20_001}]
    response = client.post(ADD, new_case(title="Rijen", questions=questions, references=references))
    assert len([said for said in errors_of(response) if said.startswith("Dit zijn 20.001 tekens.")]) == 2


def test_nothing_cuts_off_what_is_pasted(client, editor):
    page = client.get(ADD).content.decode()
    assert 'data-limit="200000"' in page
    assert not re.search(r"<textarea[^>]*maxlength", page)


def test_a_text_over_the_limit_is_not_made_into_a_preview(client, editor):
    address = "/beheer/cases/case/opmaak/"
    assert client.post(address, {"text": "w" * 100_000}).status_code == 200
    refused = client.post(address, {"text": "w" * 100_001})
    assert refused.status_code == 413
    assert "te lang om er hier steeds een voorbeeld van te maken" in refused.content.decode()
