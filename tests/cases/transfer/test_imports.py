"""Importing files as concepts: the plan, and carrying it out."""

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
    """Return the case of the test file, published, with its vocabulary."""
    sync.load([sync.Source("casebook.yaml", VOCABULARY), sync.Source(FILE, TEXT)])
    return Case.objects.get()


def planned(user, *files: tuple[str, bytes | str]) -> Plan:
    sent = [(name, content.encode() if isinstance(content, str) else content) for name, content in files]
    return imports.plan(imports.unpacked(sent, user=user), user=user)


def imported(user, *files: tuple[str, bytes | str], replacing=(), lenses=None) -> imports.Outcome:
    plan = planned(user, *files)
    return imports.carry_out(plan=plan, replacing=set(replacing), lenses=lenses or {})


def refusal(user, *files: tuple[str, bytes | str]) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        planned(user, *files)
    return [str(problem) for problem in caught.value.problems]


def stored_rows() -> list:
    """Return all rows of the models that an import can change."""
    models = (Part, Actor, Keyword, Case, Question, Edition, Library, KeptUpload)
    return [list(model.objects.order_by("pk").values()) for model in models]


# --- The plan ---


def test_a_new_case_is_imported_as_a_concept_with_its_vocabulary(chief):
    plan = planned(chief, ("casebook.yaml", VOCABULARY), (FILE, TEXT))
    assert [(item.status, item.replaces_work) for item in plan.items] == [(NEW, False)]
    assert [part.slug for part in plan.news.new.parts] == ["bewoners"]
    assert stored_rows()[:6] == [[]] * 6
    outcome = imports.carry_out(plan=plan, replacing=set(), lenses={})
    case = Case.objects.get()
    assert (outcome.added, outcome.changed, case.status) == ([case], [], Status.CONCEPT)
    assert mapping.document_of(case) == plan.items[0].document
    assert not Edition.objects.exists()


def test_importing_the_same_file_again_changes_nothing(chief, library):
    assert [item.status for item in planned(chief, (FILE, TEXT)).items] == [UNCHANGED]
    before = stored_rows()
    imported(chief, (FILE, TEXT))
    assert stored_rows() == before


@pytest.mark.parametrize("text", ["\ufeff" + TEXT, TEXT.replace("\n", "\r\n"), TEXT.replace("\n", "\r")])
def test_newlines_and_a_byte_order_mark_are_no_change(chief, library, text):
    assert [item.status for item in planned(chief, (FILE, text)).items] == [UNCHANGED]


def test_a_changed_file_of_a_published_case_is_imported_as_its_working_copy(chief, library):
    plan = planned(chief, (FILE, TEXT.replace("title: Opgeruimd?", "title: Netjes?")))
    [item] = plan.items
    assert (item.status, item.replaces_work) == (CHANGED, False)
    assert [(change.label, [run.text for run in change.runs]) for change in item.changes()] == [
        ("Titel", ["Opgeruimd", "Netjes", "?"])
    ]
    imports.carry_out(plan=plan, replacing=set(), lenses={})
    library.refresh_from_db()
    assert (library.title, library.status, library.editions.count()) == ("Opgeruimd?", Status.PUBLISHED, 1)
    assert (library.working_copy.title, library.working_copy.status) == ("Netjes?", Status.CONCEPT)


def test_another_number_for_an_existing_case_is_no_change(chief, library):
    assert [item.status for item in planned(chief, (FILE, TEXT.replace("number: 1", "number: 7"))).items] == [UNCHANGED]


@pytest.mark.parametrize(("replacing", "title"), [((), "Half af"), ((FILE,), "Netjes?")])
def test_a_working_copy_is_replaced_only_if_the_user_chose_so(chief, library, replacing, title):
    copy = editions.start_working_copy(case=library)
    Case.objects.filter(pk=copy.pk).update(title="Half af")
    version = Case.objects.get(pk=copy.pk).version
    changed = (FILE, TEXT.replace("title: Opgeruimd?", "title: Netjes?"))
    [item] = planned(chief, changed).items
    assert (item.replaces_work, item.before.title) == (True, "Half af")
    outcome = imported(chief, changed, replacing=replacing)
    copy.refresh_from_db()
    assert (copy.title, outcome.skipped) == (title, [] if replacing else ["Netjes?"])
    assert (copy.version > version) is bool(replacing)  # a form that is open elsewhere becomes stale


@pytest.mark.parametrize(("replacing", "title"), [((), "Half af"), ((FILE,), "Opgeruimd?")])
def test_a_concept_is_replaced_only_if_the_user_chose_so(chief, library, replacing, title):
    Edition.objects.all().delete()
    Case.objects.update(status=Status.CONCEPT, title="Half af")
    imported(chief, (FILE, TEXT), replacing=replacing)
    assert Case.objects.get().title == title


def test_a_file_with_the_content_of_the_working_copy_is_unchanged(chief, library):
    text = TEXT.replace("title: Opgeruimd?", "title: Netjes?")
    imported(chief, (FILE, text))
    assert [item.status for item in planned(chief, (FILE, text)).items] == [UNCHANGED]


def test_a_file_of_a_withdrawn_case_is_refused(chief, library):
    editions.withdraw(case=library, reason="Iemand herkende zich.")
    before = stored_rows()
    assert refusal(chief, (FILE, TEXT)) == [
        f"{FILE}: de casus «opgeruimd» is ingetrokken en komt niet met een bestand terug; haal dit bestand eruit"
    ]
    assert stored_rows() == before


def test_a_changed_file_of_an_archived_case_is_refused(chief, library):
    editions.archive(case=library)
    assert [item.status for item in planned(chief, (FILE, TEXT)).items] == [UNCHANGED]
    assert refusal(chief, (FILE, TEXT.replace("title: Opgeruimd?", "title: Netjes?"))) == [
        f"{FILE}: de casus «opgeruimd» is gearchiveerd en verandert niet meer; haal dit bestand eruit"
    ]


def test_different_vocabulary_is_reported_and_not_imported(chief, library):
    Actor.objects.update(sphere="formal")
    plan = planned(chief, ("casebook.yaml", VOCABULARY))
    assert (plan.news.other, plan.does_something) == (("Bewoner",), False)
    imported(chief, ("casebook.yaml", VOCABULARY))
    assert Actor.objects.get().sphere == "formal"


def test_an_editor_cannot_import_a_new_part():
    editor = UserFactory(groups=["Redactie"])
    assert refusal(editor, ("casebook.yaml", VOCABULARY), (FILE, TEXT)) == [
        "casebook.yaml: deel «Bewoners» is hier nieuw, en jij mag dat niet toevoegen; vraag het aan de eindredactie"
    ]


def test_a_new_part_cannot_have_the_number_of_another_part(chief, library):
    other = VOCABULARY.replace("slug: bewoners", "slug: anders")
    assert refusal(chief, ("casebook.yaml", other)) == [
        "casebook.yaml: deel «anders» heeft nummer 1, en dat is van «bewoners»"
    ]


def test_all_problems_of_all_files_are_reported_together(chief, library):
    bad = TEXT.replace("doener", "voeler").replace("slug: opgeruimd", "slug: twee").replace("number: 1", "number: 2")
    files = [("a.md", bad), ("b.md", b"\xff"), ("c.docx", saved(word_case(""))), ("d.png", b"x")]
    assert refusal(chief, *files) == [
        'a.md:17: onbekende vraagsoort "voeler"; kies doener, beschouwer, denker of beslisser',
        "b.md:1: dit bestand is geen UTF-8; sla het op als UTF-8",
        "c.docx: er is geen titel; geef de titel in Word de stijl Titel of Kop 1",
        "d.png: «d.png» kan niet mee; alleen .md en casebook.yaml, los of in een .zip, en losse Word-bestanden (.docx)",
    ]


def test_other_files_are_not_checked_if_a_zip_is_refused(chief):
    assert refusal(chief, (FILE, TEXT), ("woorden.zip", b"kapot")) == [
        "woorden.zip: dit bestand is beschadigd of geen zip; maak het opnieuw"
    ]


def test_the_fingerprint_of_a_plan_changes_if_the_library_changes(chief, library):
    changed = (FILE, TEXT.replace("title: Opgeruimd?", "title: Netjes?"))
    before = planned(chief, changed).fingerprint
    assert planned(chief, changed).fingerprint == before
    editions.start_working_copy(case=library)
    assert planned(chief, changed).fingerprint != before


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_queries_of_a_plan_does_not_depend_on_the_number_of_cases(
    chief, library, django_assert_num_queries, count
):
    def case(number: int, title: str) -> tuple[str, str]:
        text = TEXT.replace("number: 1", f"number: {number}").replace("slug: opgeruimd", f"slug: casus-{number}")
        return f"{number}.md", text.replace("title: Opgeruimd?", f"title: {title}")

    imported(chief, *(case(number, "Eerst") for number in (11, 12, 13)))
    files = [Packed(name, text.encode()) for name, text in (case(11 + number, "Daarna") for number in range(count))]
    with django_assert_num_queries(22):
        imports.plan(files, user=chief)


# --- Word ---


def test_a_word_file_is_imported_as_a_concept_with_the_chosen_lenses(chief, library):
    plan = planned(chief, ("stoel.docx", saved(word_case())))
    [item] = plan.items
    assert (item.document.number, item.document.slug, item.without_lens) == (2, "een-stoel-te-weinig", [1])
    assert len(item.lost) == 2
    imports.carry_out(plan=plan, replacing=set(), lenses={("stoel.docx", 1): "denker"})
    case = Case.objects.get(slug="een-stoel-te-weinig")
    assert (case.status, case.part) == (Status.CONCEPT, None)
    assert [question.kolb for question in case.questions.all()] == ["doener", "denker"]


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_queries_does_not_depend_on_the_number_of_word_files(
    chief, library, django_assert_num_queries, count
):
    files = [Packed(f"{n}.docx", saved(word_case(f"Stoel {n}"))) for n in range(count)]
    with django_assert_num_queries(21):
        plan = imports.plan(files, user=chief)
    assert [item.document.number for item in plan.items] == [2, 3, 4][:count]


def test_nothing_is_imported_without_a_lens_for_each_question(chief, library):
    before = stored_rows()
    with pytest.raises(KeyError):
        imported(chief, ("stoel.docx", saved(word_case())))
    assert stored_rows() == before


def test_a_word_file_with_the_title_of_an_existing_case_is_refused(chief, library):
    assert refusal(chief, ("stoel.docx", saved(word_case("opgeruimd?")))) == [
        "stoel.docx: er is al een casus «opgeruimd?»; verander die in een werkversie, of geef deze een andere titel"
    ]


def test_only_known_keywords_of_a_word_file_are_imported(chief, library):
    word = word_case()
    word.add_heading("Sleutelwoorden", 1)
    word.add_paragraph("wmo, stoelen")
    [item] = planned(chief, ("stoel.docx", saved(word))).items
    assert item.document.keywords == ("Wmo",)
    assert item.lost[-1] == "Sleutelwoord «stoelen»: dat is er nog niet. Voeg het later zelf toe."


def test_a_word_file_with_a_title_that_is_too_long_is_refused(chief, library):
    word = word_case("x" * 201)
    assert refusal(chief, ("stoel.docx", saved(word))) == [
        f"stoel.docx: «{'x' * 60}…» telt 201 tekens; 200 is de grens"
    ]


# --- Hostile files: refused with a message or imported harmlessly, and never partly saved ---

EXPANDING = "a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\nd: [*c, *c, *c, *c]\n"
MANY = "".join(f"  - {{key: k{n}, kolb: doener, text: x}}\n" for n in range(10_000))
HOSTILE = {
    "expanding aliases": (TEXT.replace("number: 1\n", f"number: 1\n{EXPANDING}"), "een verwijzing (*naam) mag hier"),
    "a Python object": (
        TEXT.replace("title: Opgeruimd?", "title: !!python/object/apply:os.system [ls]"),
        "gewone tekst",
    ),
    "a Python name": (TEXT.replace("title: Opgeruimd?", "title: !!python/name:os.system x"), "gewone tekst"),
    "ten thousand questions": (TEXT.replace("questions:\n", f"questions:\n{MANY}"), "is te veel voor één casus"),
    "not UTF-8": (TEXT.encode("utf-16"), "geen UTF-8"),
    "an invalid byte": (TEXT.replace("Zo begint", "Zo \xe9").encode("latin-1"), "geen UTF-8"),
    "a zero byte": (TEXT.replace("Zo begint", "Zo\0begint"), "onzichtbaar stuurteken"),
    "an external image": (TEXT.replace("Zo begint", "![x](https://example.org/x.png) Zo begint"), "afbeeldingen"),
    "a link that is a script": (
        TEXT.replace("Zo begint", "[x](javascript:alert(1)) Zo begint"),
        "begint niet met https",
    ),
    "deeply nested YAML": (TEXT.replace("title: Opgeruimd?", f"title: {'[' * 20_000}"), "te diep genest"),
    "a slug with a path": (TEXT.replace("slug: opgeruimd", "slug: ../../etc"), "gebruik kleine letters"),
    "a very long title": (TEXT.replace("title: Opgeruimd?", f"title: {'x' * 5_000}"), "200 is de grens"),
    "a very long story": (TEXT.replace("Zo begint het.", "x " * 200_000), "200000 is de grens"),
    "very long front matter": (TEXT.replace("title: Opgeruimd?", f"title: {'x' * 600_000}"), "500000 is de grens"),
    "an empty file": ("", "moet met een regel «---» beginnen"),
    "not a case file": ("\x89PNG\r\n", "moet met een regel «---» beginnen"),
}


@pytest.mark.once
@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("packed", [False, True], ids=["separate", "zipped"])
def test_a_hostile_file_is_refused_and_nothing_is_saved(chief, library, kind, packed):
    content, message = HOSTILE[kind]
    fine = TEXT.replace("number: 1", "number: 2").replace("slug: opgeruimd", "slug: goed")
    before = stored_rows()
    files = [("slecht.md", content), ("goed.md", fine)]
    problems = refusal(chief, *([("b.zip", zipped(dict(files)))] if packed else files))
    assert any(message in problem for problem in problems), problems
    assert all(problem.startswith("slecht.md") for problem in problems)
    assert stored_rows() == before


def test_a_script_in_markdown_is_imported_and_shown_as_text(chief, library, client):
    script = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    imported(chief, (FILE, TEXT.replace("Zo begint het.", script)))
    copy = Case.objects.get(revises=library)
    assert copy.introduction == script
    editions.publish(case=copy)
    page = client.get("/casussen/opgeruimd/").content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_a_mapping_with_the_tag_of_a_python_object_is_read_as_plain_fields(chief, library):
    tagged = TEXT.replace("- {actor: Bewoner", "- !!python/object:os.system {actor: Bewoner")
    assert [item.status for item in planned(chief, (FILE, tagged)).items] == [UNCHANGED]


# --- Export and import ---


def test_an_export_imported_into_an_empty_site_is_exported_identically(chief):
    fixtures = settings.BASE_DIR / "fixtures"
    sync.load(sync.read_paths([fixtures]))
    archive = sync.as_zip(sync.export())
    Edition.objects.all().delete()
    Case.objects.all().delete()
    for model in (Part, Actor, Keyword):
        model.objects.all().delete()
    plan = planned(chief, ("casusboek.zip", archive))
    assert [item.status for item in plan.items] == [NEW] * 16
    imports.carry_out(plan=plan, replacing=set(), lenses={})
    assert Case.objects.filter(status=Status.CONCEPT).count() == 16
    for case in Case.objects.all():
        editions.publish(case=case, by=chief)
    files = sync.export()
    assert sync.as_zip(files) == archive
    assert len(files) == 17
    for name, text in files.items():
        assert text.encode() == (fixtures / name).read_bytes(), name


def test_importing_an_export_changes_nothing(chief):
    sync.load(sync.read_paths([settings.BASE_DIR / "fixtures"]))
    before = stored_rows()
    plan = planned(chief, ("casusboek.zip", sync.as_zip(sync.export())))
    assert not plan.does_something
    imports.carry_out(plan=plan, replacing=set(), lenses={})
    assert stored_rows() == before


def test_cases_that_cannot_be_exported_are_reported(library):
    copy = editions.start_working_copy(case=library)
    partless = ConceptFactory(part=None, title="Zonder deel")
    broken = ConceptFactory(body="## Te groot", title="Kapot")
    messages = sync.not_exportable(Case.objects.all())
    assert messages == [
        "Kies van «Opgeruimd?» de casus of de werkversie, niet allebei.",
        "«Zonder deel» heeft nog geen deel; kies dat eerst.",
        f"«{broken}» past nog niet in een casusbestand; bekijk op haar pagina wat er moet veranderen.",
    ]
    assert sync.not_exportable(Case.objects.filter(pk=copy.pk)) == []
    editions.withdraw(case=library, reason="x")
    assert "ingetrokken" in sync.not_exportable(Case.objects.exclude(pk__in=[partless.pk, broken.pk, copy.pk]))[0]


# --- Stored uploads ---


def test_an_upload_is_stored_unchanged(chief):
    files = imports.unpacked([("stoel.docx", saved(word_case()))], user=chief)
    upload = imports.keep(files=files, owner=chief)
    assert imports.kept_files(KeptUpload.objects.get(pk=upload.pk)) == files
