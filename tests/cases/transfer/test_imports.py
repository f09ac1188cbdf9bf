"""Files into concepts: what would happen, and what then does."""

import pytest
from django.conf import settings

from cases.files.archives import Packed
from cases.files.reader import DocumentError
from cases.models import Actor, Case, Edition, KeptUpload, Keyword, Library, Part, Status
from cases.publishing import editions, mapping
from cases.transfer import imports, sync
from cases.transfer.imports import CHANGED, NEW, UNCHANGED, Plan
from questions.models import Question
from tests.cases.files.test_document import TEXT
from tests.cases.packing import saved, word_case, zipped
from tests.cases.transfer.test_sync import VOCABULARY
from tests.factories import ConceptFactory, UserFactory

pytestmark = pytest.mark.django_db

FILE = "01-opgeruimd.md"


@pytest.fixture
def chief():
    return UserFactory(groups=["Eindredactie"])


@pytest.fixture
def library(chief):
    """The case of the test file, published, with its vocabulary."""
    sync.load([sync.Source("casebook.yaml", VOCABULARY), sync.Source(FILE, TEXT)])
    return Case.objects.get()


def planned(user, *files: tuple[str, bytes | str]) -> Plan:
    sent = [(name, content.encode() if isinstance(content, str) else content) for name, content in files]
    return imports.plan(imports.unpacked(sent, user=user), user=user)


def brought_in(user, *files: tuple[str, bytes | str], replacing=(), lenses=None) -> imports.Outcome:
    plan = planned(user, *files)
    return imports.carry_out(plan=plan, replacing=set(replacing), lenses=lenses or {})


def refusal(user, *files: tuple[str, bytes | str]) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        planned(user, *files)
    return [str(problem) for problem in caught.value.problems]


def everything() -> list:
    """All that a half-written import would leave a trace in."""
    models = (Part, Actor, Keyword, Case, Question, Edition, Library, KeptUpload)
    return [list(model.objects.order_by("pk").values()) for model in models]


# --- What would happen ---


def test_a_new_case_becomes_a_concept_with_the_words_it_brings(chief):
    plan = planned(chief, ("casebook.yaml", VOCABULARY), (FILE, TEXT))
    assert [(item.standing, item.replaces_work) for item in plan.items] == [(NEW, False)]
    assert [part.slug for part in plan.news.new.parts] == ["bewoners"]
    assert everything()[:6] == [[]] * 6
    outcome = imports.carry_out(plan=plan, replacing=set(), lenses={})
    case = Case.objects.get()
    assert (outcome.added, outcome.changed, case.status) == ([case], [], Status.CONCEPT)
    assert mapping.document_of(case) == plan.items[0].document
    assert not Edition.objects.exists()


def test_the_same_file_again_is_unchanged(chief, library):
    assert [item.standing for item in planned(chief, (FILE, TEXT)).items] == [UNCHANGED]
    before = everything()
    brought_in(chief, (FILE, TEXT))
    assert everything() == before


@pytest.mark.parametrize("twin", ["\ufeff" + TEXT, TEXT.replace("\n", "\r\n"), TEXT.replace("\n", "\r")])
def test_windows_newlines_and_a_byte_order_mark_make_no_difference(chief, library, twin):
    assert [item.standing for item in planned(chief, (FILE, twin)).items] == [UNCHANGED]


def test_a_changed_published_case_becomes_its_working_copy(chief, library):
    plan = planned(chief, (FILE, TEXT.replace("title: Opgeruimd?", "title: Netjes?")))
    [item] = plan.items
    assert (item.standing, item.replaces_work) == (CHANGED, False)
    assert [(change.label, [run.text for run in change.runs]) for change in item.changes()] == [
        ("Titel", ["Opgeruimd", "Netjes", "?"])
    ]
    imports.carry_out(plan=plan, replacing=set(), lenses={})
    library.refresh_from_db()
    assert (library.title, library.status, library.editions.count()) == ("Opgeruimd?", Status.PUBLISHED, 1)
    assert (library.working_copy.title, library.working_copy.status) == ("Netjes?", Status.CONCEPT)


def test_another_number_for_a_known_case_changes_nothing(chief, library):
    assert [item.standing for item in planned(chief, (FILE, TEXT.replace("number: 1", "number: 7"))).items] == [
        UNCHANGED
    ]


@pytest.mark.parametrize(("replacing", "title"), [((), "Half af"), ((FILE,), "Netjes?")])
def test_a_working_copy_is_replaced_only_when_that_was_said(chief, library, replacing, title):
    copy = editions.start_working_copy(case=library)
    Case.objects.filter(pk=copy.pk).update(title="Half af")
    version = Case.objects.get(pk=copy.pk).version
    changed = (FILE, TEXT.replace("title: Opgeruimd?", "title: Netjes?"))
    [item] = planned(chief, changed).items
    assert (item.replaces_work, item.before.title) == (True, "Half af")
    outcome = brought_in(chief, changed, replacing=replacing)
    copy.refresh_from_db()
    assert (copy.title, outcome.skipped) == (title, [] if replacing else ["Netjes?"])
    assert (copy.version > version) is bool(replacing)  # who has it open in a form is told


@pytest.mark.parametrize(("replacing", "title"), [((), "Half af"), ((FILE,), "Opgeruimd?")])
def test_a_concept_is_replaced_only_when_that_was_said(chief, library, replacing, title):
    Edition.objects.all().delete()
    Case.objects.update(status=Status.CONCEPT, title="Half af")
    brought_in(chief, (FILE, TEXT), replacing=replacing)
    assert Case.objects.get().title == title


def test_a_file_that_says_what_the_working_copy_says_already_is_unchanged(chief, library):
    text = TEXT.replace("title: Opgeruimd?", "title: Netjes?")
    brought_in(chief, (FILE, text))
    assert [item.standing for item in planned(chief, (FILE, text)).items] == [UNCHANGED]


def test_what_was_withdrawn_does_not_come_back_with_a_file(chief, library):
    editions.withdraw(case=library, reason="Iemand herkende zich.")
    before = everything()
    assert refusal(chief, (FILE, TEXT)) == [
        f"{FILE}: de casus «opgeruimd» is ingetrokken en komt niet met een bestand terug; haal dit bestand eruit"
    ]
    assert everything() == before


def test_what_was_archived_does_not_change_with_a_file(chief, library):
    editions.archive(case=library)
    assert [item.standing for item in planned(chief, (FILE, TEXT)).items] == [UNCHANGED]
    assert refusal(chief, (FILE, TEXT.replace("title: Opgeruimd?", "title: Netjes?"))) == [
        f"{FILE}: de casus «opgeruimd» is gearchiveerd en verandert niet meer; haal dit bestand eruit"
    ]


def test_words_that_differ_stay_as_they_are_here_and_are_named(chief, library):
    Actor.objects.update(sphere="formal")
    plan = planned(chief, ("casebook.yaml", VOCABULARY))
    assert (plan.news.other, plan.does_something) == (("Bewoner",), False)
    brought_in(chief, ("casebook.yaml", VOCABULARY))
    assert Actor.objects.get().sphere == "formal"


def test_an_editor_without_that_right_brings_no_new_part():
    editor = UserFactory(groups=["Redactie"])
    assert refusal(editor, ("casebook.yaml", VOCABULARY), (FILE, TEXT)) == [
        "casebook.yaml: deel «Bewoners» is hier nieuw, en jij mag dat niet toevoegen; vraag het aan de eindredactie"
    ]


def test_a_new_part_cannot_have_the_number_of_another(chief, library):
    other = VOCABULARY.replace("slug: bewoners", "slug: anders")
    assert refusal(chief, ("casebook.yaml", other)) == [
        "casebook.yaml: deel «anders» heeft nummer 1, en dat is van «bewoners»"
    ]


def test_all_problems_of_all_files_are_told_at_once(chief, library):
    bad = TEXT.replace("doener", "voeler").replace("slug: opgeruimd", "slug: twee").replace("number: 1", "number: 2")
    files = [("a.md", bad), ("b.md", b"\xff"), ("c.docx", saved(word_case(""))), ("d.png", b"x")]
    assert refusal(chief, *files) == [
        'a.md:17: onbekende vraagsoort "voeler"; kies doener, beschouwer, denker of beslisser',
        "b.md:1: dit bestand is geen UTF-8; sla het op als UTF-8",
        "c.docx: er is geen titel; geef de titel in Word de stijl Titel of Kop 1",
        "d.png: «d.png» kan niet mee; alleen .md en casebook.yaml, los of in een .zip, en losse Word-bestanden (.docx)",
    ]


def test_what_may_lean_on_a_zip_that_is_refused_is_not_judged_without_it(chief):
    assert refusal(chief, (FILE, TEXT), ("woorden.zip", b"kapot")) == [
        "woorden.zip: dit bestand is beschadigd of geen zip; maak het opnieuw"
    ]


def test_the_plan_knows_when_something_changed_meanwhile(chief, library):
    changed = (FILE, TEXT.replace("title: Opgeruimd?", "title: Netjes?"))
    before = planned(chief, changed).fingerprint
    assert planned(chief, changed).fingerprint == before
    editions.start_working_copy(case=library)
    assert planned(chief, changed).fingerprint != before


@pytest.mark.parametrize("count", [1, 3])
def test_looking_takes_as_many_queries_for_three_cases_as_for_one(chief, library, django_assert_num_queries, count):
    def case(number: int, title: str) -> tuple[str, str]:
        text = TEXT.replace("number: 1", f"number: {number}").replace("slug: opgeruimd", f"slug: casus-{number}")
        return f"{number}.md", text.replace("title: Opgeruimd?", f"title: {title}")

    brought_in(chief, *(case(number, "Eerst") for number in (11, 12, 13)))
    files = [Packed(name, text.encode()) for name, text in (case(11 + number, "Daarna") for number in range(count))]
    with django_assert_num_queries(22):
        imports.plan(files, user=chief)


# --- Word ---


def test_a_word_file_becomes_a_new_concept_once_its_lenses_were_chosen(chief, library):
    plan = planned(chief, ("stoel.docx", saved(word_case())))
    [item] = plan.items
    assert (item.document.number, item.document.slug, item.without_lens) == (2, "een-stoel-te-weinig", [1])
    assert len(item.lost) == 2
    imports.carry_out(plan=plan, replacing=set(), lenses={("stoel.docx", 1): "denker"})
    case = Case.objects.get(slug="een-stoel-te-weinig")
    assert (case.status, case.part) == (Status.CONCEPT, None)
    assert [question.kolb for question in case.questions.all()] == ["doener", "denker"]


@pytest.mark.parametrize("count", [1, 3])
def test_looking_takes_as_many_queries_for_three_word_files(chief, library, django_assert_num_queries, count):
    files = [Packed(f"{n}.docx", saved(word_case(f"Stoel {n}"))) for n in range(count)]
    with django_assert_num_queries(21):
        plan = imports.plan(files, user=chief)
    assert [item.document.number for item in plan.items] == [2, 3, 4][:count]


def test_without_a_lens_for_each_question_nothing_is_written(chief, library):
    before = everything()
    with pytest.raises(KeyError):
        brought_in(chief, ("stoel.docx", saved(word_case())))
    assert everything() == before


def test_a_title_that_is_here_already_is_refused(chief, library):
    assert refusal(chief, ("stoel.docx", saved(word_case("opgeruimd?")))) == [
        "stoel.docx: er is al een casus «opgeruimd?»; verander die in een werkversie, of geef deze een andere titel"
    ]


def test_keywords_of_a_word_file_are_kept_where_they_are_known(chief, library):
    word = word_case()
    word.add_heading("Sleutelwoorden", 1)
    word.add_paragraph("wmo, stoelen")
    [item] = planned(chief, ("stoel.docx", saved(word))).items
    assert item.document.keywords == ("Wmo",)
    assert item.lost[-1] == "Sleutelwoord «stoelen»: dat is er nog niet. Voeg het later zelf toe."


def test_a_word_file_that_is_too_much_for_a_case_is_refused(chief, library):
    word = word_case("x" * 201)
    assert refusal(chief, ("stoel.docx", saved(word))) == [
        f"stoel.docx: «{'x' * 60}…» telt 201 tekens; 200 is de grens"
    ]


# --- Hostile files: a clear refusal or a harmless import, and nothing half-written ---

EXPLODING = "a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\nd: [*c, *c, *c, *c]\n"
MANY = "".join(f"  - {{key: k{n}, kolb: doener, text: x}}\n" for n in range(10_000))
HOSTILE = {
    "aliases that explode": (TEXT.replace("number: 1\n", f"number: 1\n{EXPLODING}"), "een verwijzing (*naam) mag hier"),
    "a Python object": (
        TEXT.replace("title: Opgeruimd?", "title: !!python/object/apply:os.system [ls]"),
        "gewone tekst",
    ),
    "a Python name": (TEXT.replace("title: Opgeruimd?", "title: !!python/name:os.system x"), "gewone tekst"),
    "ten thousand questions": (TEXT.replace("questions:\n", f"questions:\n{MANY}"), "is te veel voor één casus"),
    "no UTF-8": (TEXT.encode("utf-16"), "geen UTF-8"),
    "a broken letter": (TEXT.replace("Zo begint", "Zo \xe9").encode("latin-1"), "geen UTF-8"),
    "a zero byte": (TEXT.replace("Zo begint", "Zo\0begint"), "onzichtbaar stuurteken"),
    "a picture of a stranger": (TEXT.replace("Zo begint", "![x](https://example.org/x.png) Zo begint"), "afbeeldingen"),
    "a link that is a script": (
        TEXT.replace("Zo begint", "[x](javascript:alert(1)) Zo begint"),
        "begint niet met https",
    ),
    "deeply nested YAML": (TEXT.replace("title: Opgeruimd?", f"title: {'[' * 20_000}"), "te diep genest"),
    "a slug with a path": (TEXT.replace("slug: opgeruimd", "slug: ../../etc"), "gebruik kleine letters"),
    "an endless title": (TEXT.replace("title: Opgeruimd?", f"title: {'x' * 5_000}"), "200 is de grens"),
    "an endless story": (TEXT.replace("Zo begint het.", "x " * 200_000), "200000 is de grens"),
    "endless front matter": (TEXT.replace("title: Opgeruimd?", f"title: {'x' * 600_000}"), "500000 is de grens"),
    "nothing": ("", "moet met een regel «---» beginnen"),
    "no case": ("\x89PNG\r\n", "moet met een regel «---» beginnen"),
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("packed", [False, True], ids=["loose", "zipped"])
def test_a_hostile_file_is_refused_and_leaves_no_trace(chief, library, kind, packed):
    content, said = HOSTILE[kind]
    fine = TEXT.replace("number: 1", "number: 2").replace("slug: opgeruimd", "slug: goed")
    before = everything()
    files = [("slecht.md", content), ("goed.md", fine)]
    problems = refusal(chief, *([("b.zip", zipped(dict(files)))] if packed else files))
    assert any(said in problem for problem in problems), problems
    assert all(problem.startswith("slecht.md") for problem in problems)
    assert everything() == before


def test_a_script_in_markdown_comes_in_as_text_and_goes_out_as_text(chief, library, client):
    script = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    brought_in(chief, (FILE, TEXT.replace("Zo begint het.", script)))
    copy = Case.objects.get(revises=library)
    assert copy.introduction == script
    editions.publish(case=copy)
    page = client.get("/casussen/opgeruimd/").content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_a_mapping_that_claims_to_be_a_python_object_is_read_as_plain_fields(chief, library):
    claimed = TEXT.replace("- {actor: Bewoner", "- !!python/object:os.system {actor: Bewoner")
    assert [item.standing for item in planned(chief, (FILE, claimed)).items] == [UNCHANGED]


# --- Round trips ---


def test_the_sixteen_go_out_as_a_zip_into_an_empty_site_and_out_again_as_the_same_bytes(chief):
    fixtures = settings.BASE_DIR / "fixtures"
    sync.load(sync.read_paths([fixtures]))
    archive = sync.as_zip(sync.export())
    Edition.objects.all().delete()
    Case.objects.all().delete()
    for model in (Part, Actor, Keyword):
        model.objects.all().delete()
    plan = planned(chief, ("casusboek.zip", archive))
    assert [item.standing for item in plan.items] == [NEW] * 16
    imports.carry_out(plan=plan, replacing=set(), lenses={})
    assert Case.objects.filter(status=Status.CONCEPT).count() == 16
    for case in Case.objects.all():
        editions.publish(case=case, by=chief)
    files = sync.export()
    assert sync.as_zip(files) == archive
    assert len(files) == 17
    for name, text in files.items():
        assert text.encode() == (fixtures / name).read_bytes(), name


def test_exporting_and_importing_changes_nothing(chief):
    sync.load(sync.read_paths([settings.BASE_DIR / "fixtures"]))
    before = everything()
    plan = planned(chief, ("casusboek.zip", sync.as_zip(sync.export())))
    assert not plan.does_something
    imports.carry_out(plan=plan, replacing=set(), lenses={})
    assert everything() == before


def test_what_cannot_go_out_is_said(library):
    copy = editions.start_working_copy(case=library)
    partless = ConceptFactory(part=None, title="Zonder deel")
    broken = ConceptFactory(body="## Te groot", title="Kapot")
    said = sync.not_exportable(Case.objects.all())
    assert said == [
        "Kies van «Opgeruimd?» de casus of de werkversie, niet allebei.",
        "«Zonder deel» heeft nog geen deel; kies dat eerst.",
        f"«{broken}» past nog niet in een casusbestand; bekijk op haar pagina wat er moet veranderen.",
    ]
    assert sync.not_exportable(Case.objects.filter(pk=copy.pk)) == []
    editions.withdraw(case=library, reason="x")
    assert "ingetrokken" in sync.not_exportable(Case.objects.exclude(pk__in=[partless.pk, broken.pk, copy.pk]))[0]


# --- Keeping ---


def test_an_upload_is_kept_as_it_came(chief):
    files = imports.unpacked([("stoel.docx", saved(word_case()))], user=chief)
    kept = imports.keep(files=files, owner=chief)
    assert imports.kept_files(KeptUpload.objects.get(pk=kept.pk)) == files
