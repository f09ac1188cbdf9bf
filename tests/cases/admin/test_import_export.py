"""The pages of the admin for importing and exporting cases."""

import io
import zipfile
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from cases.files import archives
from cases.models import Case, KeptUpload, Keyword, Status
from cases.publishing import editions
from cases.transfer import sync
from tests.cases.files.test_document import TEXT
from tests.cases.packing import saved, word_case, zipped
from tests.cases.transfer.test_sync import VOCABULARY
from tests.factories import ConceptFactory, UserFactory, published_case

pytestmark = pytest.mark.django_db

IMPORT = "/beheer/cases/case/importeren/"
CHANGED = TEXT.replace("title: Opgeruimd?", "title: Netjes?")


@pytest.fixture
def library():
    sync.load([sync.Source("casebook.yaml", VOCABULARY), sync.Source("01-x.md", TEXT)])
    return Case.objects.get()


def upload(client, **files: str | bytes):
    """Upload these files; the underscore in a name is replaced by a dot."""
    sent = [
        SimpleUploadedFile(name.replace("_", "."), content.encode() if isinstance(content, str) else content)
        for name, content in files.items()
    ]
    return client.post(IMPORT, {"files": sent}, follow=True)


def confirm(client, page, **choices):
    return client.post(
        page.request["PATH_INFO"], {"stand": page.context["form"]["stand"].value(), **choices}, follow=True
    )


def text_of(page) -> str:
    return " ".join(page.content.decode().split())


def test_an_editor_sees_the_plan_and_confirms_the_import(client, editor, library):
    page = upload(client, x_md=CHANGED)
    assert "Wordt een werkversie; lezers houden de gepubliceerde casus." in text_of(page)
    assert "<del>Opgeruimd</del>" in text_of(page)
    assert "<ins>Netjes</ins>" in text_of(page)
    assert Case.objects.count() == 1
    done = confirm(client, page)
    assert "1 casus staat klaar als concept." in text_of(done)
    copy = Case.objects.get(revises=library)
    assert copy.title == "Netjes?"
    assert LogEntry.objects.get().object_id == str(copy.pk)
    assert not KeptUpload.objects.exists()


def test_the_plan_of_a_zip_says_for_each_case_whether_it_is_new(client, editor, library):
    new = TEXT.replace("number: 1", "number: 2").replace("slug: opgeruimd", "slug: twee")
    page = upload(client, bundel_zip=zipped({"1.md": TEXT, "2.md": new, "casebook.yaml": VOCABULARY}))
    found = [(item.file, item.status) for item in page.context["plan"].items]
    assert found == [("1.md", "unchanged"), ("2.md", "new")]
    assert "Wordt een nieuw concept, met 1 vraag." in text_of(page)
    confirm(client, page)
    assert Case.objects.get(slug="twee").status == Status.CONCEPT


def test_a_plan_without_changes_cannot_be_confirmed(client, editor, library):
    page = upload(client, x_md=TEXT)
    assert "Er is niets te doen: alles staat hier al zo." in text_of(page)
    assert "Importeer als concept" not in text_of(page)


def test_problems_are_listed_with_file_and_line_and_nothing_is_stored(client, editor, library):
    page = upload(client, x_md=TEXT.replace("doener", "voeler"), y_md=b"\xff")
    assert "x.md <span>regel 17</span></strong> <span>onbekende vraagsoort &quot;voeler&quot;; kies" in text_of(page)
    assert "y.md <span>regel 1</span></strong> <span>dit bestand is geen UTF-8" in text_of(page)
    assert "Er is nog niets geïmporteerd" in text_of(page)
    assert not KeptUpload.objects.exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", zipped({"../x.md": "x"}), zipped({"x.md": b"\0" * 6_000_000})])
def test_a_refused_zip_gets_a_message(client, editor, content):
    page = upload(client, bundel_zip=content)
    [problem] = page.context["problems"]
    assert (problem.file, problem.line) == ("bundel.zip", 0)
    assert problem.message[:40] in text_of(page).replace("&quot;", '"')
    assert not KeptUpload.objects.exists()


def test_a_file_name_is_shown_as_text(client, editor):
    page = client.post(IMPORT, {"files": [SimpleUploadedFile("<b>x.md", b"x")]})
    assert "<b>x.md" not in page.content.decode()
    assert "&lt;b&gt;x.md" in page.content.decode()


def test_an_upload_without_files_is_a_form_error(client, editor):
    page = client.post(IMPORT, {})
    assert page.context["form"].errors["files"] == ["Dit veld is verplicht."]


def test_an_upload_that_is_too_large_is_refused_before_it_is_read(client, editor, monkeypatch):
    monkeypatch.setattr(archives, "MAX_TOTAL", 10)
    page = upload(client, x_md=TEXT)
    assert "Samen zijn deze bestanden groter dan 50 MB" in page.context["form"].errors["files"][0]


def test_an_upload_can_have_more_files_than_the_default_of_django(client, editor, library):
    page = upload(client, **{f"x{n}_md": TEXT for n in range(150)})
    assert page.context["problems"][0].message == "de webnaam «opgeruimd» is al van een ander bestand"
    page = upload(client, **{f"x{n}_md": TEXT for n in range(501)})
    assert page.context["form"].errors["files"] == ["Dit zijn te veel bestanden tegelijk; kies er hooguit 500."]


def test_the_plan_is_shown_again_if_the_library_changed_before_confirmation(client, editor, library):
    page = upload(client, x_md=CHANGED)
    copy = editions.start_working_copy(case=library)
    Case.objects.filter(pk=copy.pk).update(title="Van een ander")
    next_page = confirm(client, page)
    assert "Er is hier intussen iets veranderd, dus er is nog niets geïmporteerd." in text_of(next_page)
    copy.refresh_from_db()
    assert copy.title == "Van een ander"
    confirm(client, next_page, **{"work-0": "vervangen"})
    copy.refresh_from_db()
    assert copy.title == "Netjes?"


def test_files_that_became_invalid_before_confirmation_are_refused(client, editor, library):
    page = upload(client, x_md=CHANGED)
    editions.withdraw(case=library, reason="x")
    next_page = confirm(client, page)
    assert "is ingetrokken en komt niet met een bestand terug" in text_of(next_page)
    assert not Case.objects.filter(revises=library).exists()


@pytest.mark.parametrize(("choice", "title"), [("overslaan", "Half af"), ("vervangen", "Netjes?")])
def test_an_existing_working_copy_is_skipped_or_replaced_as_chosen(client, editor, library, choice, title):
    copy = editions.start_working_copy(case=library)
    Case.objects.filter(pk=copy.pk).update(title="Half af")
    page = upload(client, x_md=CHANGED)
    assert "Van deze casus is al een werkversie." in text_of(page)
    unconfirmed = confirm(client, page)
    assert "bij een casus moet je nog iets kiezen" in text_of(unconfirmed)
    copy.refresh_from_db()
    assert copy.title == "Half af"
    done = confirm(client, page, **{"work-0": choice})
    copy.refresh_from_db()
    assert copy.title == title
    assert ("Overgeslagen: Netjes?." in text_of(done)) is (choice == "overslaan")


def test_the_plan_of_a_word_file_asks_for_missing_lenses(client, editor, library):
    page = upload(client, stoel_docx=saved(word_case()))
    assert "Een tabel onder «De eerste avond»" in text_of(page)
    assert "Een afbeelding onder «De eerste avond»" in text_of(page)
    assert "Waarom blijft hij staan?" in text_of(page)
    assert "Straks nog te doen, voor het publiceren: Kies een deel. Schrijf een omschrijving.</p>" in text_of(page)
    assert "bij een casus moet je nog iets kiezen" in text_of(confirm(client, page))
    assert "bij een casus moet je nog iets kiezen" in text_of(confirm(client, page, **{"lens-0-1": "voeler"}))
    assert Case.objects.count() == 1
    confirm(client, page, **{"lens-0-1": "denker"})
    case = Case.objects.get(slug="een-stoel-te-weinig")
    assert [question.kolb for question in case.questions.all()] == ["doener", "denker"]
    form = client.get(reverse("admin:cases_case_change", args=[case.pk]))
    assert [finding.field for finding in form.context["findings"] if finding.blocks] == ["part", "summary"]


def test_the_plan_lists_new_keywords_before_they_are_added(client, editor, library):
    vocabulary = VOCABULARY.replace("{name: bewoners", "{name: stoelen}\n  - {name: bewoners")
    page = upload(client, casebook_yaml=vocabulary)
    assert "sleutelwoord «stoelen»" in text_of(page)
    assert not Keyword.objects.filter(name="stoelen").exists()
    confirm(client, page)
    assert Keyword.objects.filter(name="stoelen").exists()


def test_an_upload_is_visible_to_its_owner_only(client, editor, library):
    address = upload(client, x_md=CHANGED).request["PATH_INFO"]
    client.force_login(UserFactory(groups=["Redactie"]))
    for response in (client.get(address, follow=True), client.post(address, {"stand": "x"}, follow=True)):
        assert "Deze bestanden staan niet meer klaar" in text_of(response)
        assert "Netjes?" not in text_of(response)
    assert Case.objects.count() == 1


def test_confirming_twice_imports_once(client, editor, library):
    page = upload(client, x_md=CHANGED)
    confirm(client, page)
    assert "Deze bestanden staan niet meer klaar" in text_of(confirm(client, page))
    assert Case.objects.filter(revises=library).count() == 1


def test_the_tidy_command_deletes_uploads_that_were_not_confirmed_within_a_day(client, editor, library):
    upload(client, x_md=CHANGED)
    call_command("tidy")
    assert KeptUpload.objects.count() == 1
    KeptUpload.objects.update(created_at=timezone.now() - timedelta(days=1, minutes=1))
    call_command("tidy")
    assert not KeptUpload.objects.exists()


@pytest.mark.parametrize("address", [IMPORT, f"{IMPORT}1/", "/beheer/cases/case/exporteren/"])
def test_other_users_cannot_import_or_export(client, address):
    assert client.get(address).url.startswith("/beheer/login/")
    assert client.post(address).url.startswith("/beheer/login/")
    client.force_login(UserFactory(groups=["Docenten"]))
    assert client.get(address, follow=True).status_code == 403


@pytest.mark.parametrize("missing", ["add_case", "change_case"])
def test_importing_requires_the_permissions_to_add_and_to_change(client, editor, missing):
    group = editor.groups.get()
    group.permissions.remove(group.permissions.get(codename=missing))
    assert client.get(IMPORT).status_code == 403
    assert client.post(IMPORT).status_code == 403
    assert client.get(f"{IMPORT}1/").status_code == 403
    assert client.get("/beheer/cases/case/exporteren/").status_code == 200
    assert "Importeren" not in client.get("/beheer/cases/case/").content.decode()


def names_in(response) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        return archive.namelist()


def export_selected(client, *cases: Case):
    selected = {"action": "export_selected", "_selected_action": [case.pk for case in cases]}
    return client.post(reverse("admin:cases_case_changelist"), selected, follow=True)


def test_all_published_cases_are_exported_in_one_zip(client, editor):
    case, concept = published_case(number=3), ConceptFactory()
    response = client.get("/beheer/cases/case/exporteren/")
    assert names_in(response) == ["casebook.yaml", f"cases/03-{case.slug}.md"]
    assert response["Content-Disposition"] == f'attachment; filename="casusboek-{timezone.localdate():%Y-%m-%d}.zip"'
    assert concept.title.encode() not in response.content


def test_selected_cases_are_exported_including_concepts(client, editor):
    cases = [published_case(number=3), ConceptFactory(number=4), published_case(number=5)]
    files = names_in(export_selected(client, cases[0], cases[1]))
    assert files == ["casebook.yaml", f"cases/03-{cases[0].slug}.md", f"cases/04-{cases[1].slug}.md"]


def test_nothing_is_exported_if_one_of_the_selected_cases_cannot_be_exported(client, editor):
    case = published_case(title="Allebei")
    page = export_selected(client, case, editions.start_working_copy(case=case))
    assert "Er is niets geëxporteerd. Kies van «Allebei» de casus of de werkversie, niet allebei." in text_of(page)


def test_an_import_of_an_export_changes_nothing(client, editor):
    sync.load(sync.read_paths([settings.BASE_DIR / "fixtures"]))
    archive = client.get("/beheer/cases/case/exporteren/").content
    page = upload(client, casusboek_zip=archive)
    assert {item.status for item in page.context["plan"].items} == {"unchanged"}
    assert not page.context["plan"].does_something


def test_the_number_of_queries_does_not_depend_on_the_number_of_cases(
    client, editor, library, django_assert_num_queries
):
    def case(number: int, title: str) -> str:
        text = TEXT.replace("number: 1", f"number: {number}").replace("slug: opgeruimd", f"slug: casus-{number}")
        return text.replace("title: Opgeruimd?", f"title: {title}")

    sync.load([sync.Source(f"{n}.md", case(n, "Eerst")) for n in (11, 12, 13)])
    for numbers in ((11,), (11, 12, 13)):
        page = upload(client, b_zip=zipped({f"{n}.md": case(n, "Daarna") for n in numbers}))
        with django_assert_num_queries(27):
            client.get(page.request["PATH_INFO"])
