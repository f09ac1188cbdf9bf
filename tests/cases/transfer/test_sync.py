"""Loading case files into the database and exporting them."""

import unicodedata
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from cases.models import Case, Edition, Keyword, Library, Part, Status
from cases.publishing import editions, mapping
from cases.transfer import sync
from questions.models import Question
from tests.cases.files.test_document import TEXT
from tests.factories import published_case

VOCABULARY = """parts:
  - {number: 1, slug: bewoners, title: Bewoners}
actors:
  - {name: Bewoner, sphere: informal}
keywords:
  - {name: bewoners}
  - {name: Wmo}
"""
SOURCES = [sync.Source("casebook.yaml", VOCABULARY), sync.Source("01-opgeruimd.md", TEXT)]

pytestmark = pytest.mark.django_db


def load(text: str = TEXT, **options) -> sync.Outcome:
    return sync.load([SOURCES[0], sync.Source("01-opgeruimd.md", text)], **options)


def change_on_site(title: str) -> Case:
    case = Case.objects.get(slug="opgeruimd")
    copy = editions.start_working_copy(case=case)
    Case.objects.filter(pk=copy.pk).update(title=title)
    editions.publish(case=Case.objects.get(pk=copy.pk))
    case.refresh_from_db()
    return case


def test_a_new_file_is_published_as_the_first_edition_of_a_case():
    outcome = load()
    case = Case.objects.get()
    assert outcome.new == ["1. Opgeruimd?"]
    assert case.status == Status.PUBLISHED
    assert [edition.number for edition in case.editions.all()] == [1]
    assert case.editions.get().text == TEXT
    assert mapping.document_of(case).questions[0].key == "eerste-actie"
    assert case.word_count == 13


def test_loading_the_same_file_again_changes_nothing():
    load()
    version = Library.objects.get().version
    outcome = load()
    assert (outcome.unchanged, outcome.new, outcome.changed) == (["1. Opgeruimd?"], [], [])
    assert Edition.objects.count() == 1
    assert Library.objects.get().version == version


def test_a_file_that_differs_only_in_formatting_is_unchanged():
    load()
    assert load(TEXT.replace("title: Opgeruimd?", 'title: "Opgeruimd?"')).unchanged == ["1. Opgeruimd?"]


def test_a_changed_file_is_published_as_the_next_edition():
    load()
    assert load(TEXT.replace("title: Opgeruimd?", "title: Netjes?")).changed == ["1. Netjes?"]
    case = Case.objects.get()
    assert case.title == "Netjes?"
    assert [edition.number for edition in case.editions.all()] == [2, 1]


def test_a_case_that_was_changed_on_the_site_is_not_overwritten():
    load()
    change_on_site("Hier beter")
    outcome = load(TEXT.replace("title: Opgeruimd?", "title: Netjes?"))
    assert outcome.left_alone == ["1. Netjes?"]
    assert Case.objects.get().title == "Hier beter"


def test_an_older_file_does_not_undo_changes_on_the_site():
    load()
    change_on_site("Hier beter")
    assert load().unchanged == ["1. Opgeruimd?"]
    assert Case.objects.get().title == "Hier beter"


def test_a_case_with_a_working_copy_is_not_overwritten():
    load()
    editions.start_working_copy(case=Case.objects.get())
    assert load(TEXT.replace("title: Opgeruimd?", "title: Netjes?")).left_alone == ["1. Netjes?"]
    assert Case.objects.filter(status=Status.CONCEPT).count() == 1


def test_a_file_replaces_changes_on_the_site_with_overwrite():
    load()
    change_on_site("Hier beter")
    assert load(overwrite=True).changed == ["1. Opgeruimd?"]
    assert Case.objects.get().title == "Opgeruimd?"


@pytest.mark.parametrize("status", [Status.ARCHIVED, Status.WITHDRAWN])
def test_a_file_does_not_restore_an_archived_or_withdrawn_case(status):
    load()
    Case.objects.update(status=status)
    outcome = load(TEXT.replace("title: Opgeruimd?", "title: Netjes?"), overwrite=True)
    assert outcome.left_alone == ["1. Netjes?"]
    assert Case.objects.get().status == status


def test_a_dry_run_reports_and_saves_nothing():
    assert load(dry_run=True).new == ["1. Opgeruimd?"]
    assert not Case.objects.exists()
    assert not Part.objects.exists()


def test_nothing_is_saved_if_one_file_has_a_problem():
    second = TEXT.replace("number: 1", "number: 2").replace("slug: opgeruimd", "slug: twee").replace("doener", "voeler")
    with pytest.raises(sync.DocumentError, match="02-twee.md:17: onbekende vraagsoort"):
        sync.load([*SOURCES, sync.Source("02-twee.md", second)])
    assert not Case.objects.exists()
    assert not Keyword.objects.exists()


def test_two_files_cannot_have_the_same_number_or_slug():
    other = TEXT.replace("slug: opgeruimd", "slug: twee")
    with pytest.raises(sync.DocumentError, match="b.md:2: nummer 1 is al van de casus «opgeruimd»"):
        sync.load([*SOURCES, sync.Source("b.md", other)])
    with pytest.raises(sync.DocumentError, match="b.md:3: de webnaam «opgeruimd» is al van een ander bestand"):
        sync.load([*SOURCES, sync.Source("b.md", TEXT)])


def test_a_removed_question_without_answers_is_deleted():
    load()
    load(TEXT.replace("key: eerste-actie", "key: tweede-actie"))
    assert [question.key for question in Question.objects.all()] == ["tweede-actie"]


def test_a_question_has_the_same_row_after_its_text_changes():
    load()
    row = Question.objects.get().pk
    load(TEXT.replace("als eerste", "eerst"))
    assert Question.objects.get().pk == row
    assert Question.objects.get().text == "Wat doe je eerst?"


def test_vocabulary_that_was_changed_on_the_site_is_reported_and_not_overwritten():
    load()
    Part.objects.update(title="Anders")
    assert load().left_alone == ["Deel 1: Anders"]
    assert load(overwrite=True).left_alone == []
    assert Part.objects.get().title == "Bewoners"


def test_the_export_of_the_fixtures_is_identical_to_the_fixtures(tmp_path):
    call_command("load_cases", stdout=StringIO())
    call_command("export_cases", tmp_path, stdout=StringIO())
    fixtures = settings.BASE_DIR / "fixtures"
    names = sorted(path.relative_to(fixtures) for path in [fixtures / "casebook.yaml", *fixtures.glob("cases/*.md")])
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.*")) == names
    for name in names:
        assert (tmp_path / name).read_bytes() == (fixtures / name).read_bytes(), name


def test_the_command_reports_what_it_did():
    output = StringIO()
    call_command("load_cases", stdout=output)
    assert output.getvalue() == "16 nieuw, 0 gewijzigd, 0 ongewijzigd, 0 overgeslagen\n"
    output = StringIO()
    call_command("load_cases", "--dry-run", stdout=output)
    assert output.getvalue() == "Proef, er is niets geschreven: 0 nieuw, 0 gewijzigd, 16 ongewijzigd, 0 overgeslagen\n"


def test_the_command_reports_a_missing_path_and_a_file_that_is_not_utf8(tmp_path):
    (tmp_path / "a.md").write_bytes(b"---\ntitle: \xff\n")
    with pytest.raises(CommandError) as caught:
        call_command("load_cases", tmp_path / "a.md", Path("nergens"))
    assert "a.md:2: dit bestand is geen UTF-8" in str(caught.value)
    assert "nergens:1: dit bestand of deze map bestaat niet" in str(caught.value)
    assert "Er is niets geladen" in str(caught.value)


def test_exporting_to_a_path_of_a_file_is_refused(tmp_path):
    (tmp_path / "x").write_text("")
    with pytest.raises(CommandError, match="is een bestand; noem een map"):
        call_command("export_cases", tmp_path / "x")


def test_only_published_cases_are_exported():
    published_case(number=3)
    Case.objects.update(status=Status.ARCHIVED)
    assert list(sync.export()) == ["casebook.yaml"]


# Normal forms: a Mac can write é as two characters

ACCENTED = TEXT.replace("title: Opgeruimd?", "title: Één cliënt?").replace("## Slot\n\n", "## Slot\n\nZij is één.\n\n")


def test_a_decomposed_file_is_published_in_normal_form():
    load(unicodedata.normalize("NFD", ACCENTED))
    assert Edition.objects.get().text == ACCENTED
    assert Case.objects.get().title == "Één cliënt?"
    assert Case.objects.get().closing.startswith("Zij is één.")


def test_loading_a_decomposed_file_whose_normal_form_is_an_edition_changes_nothing():
    load(ACCENTED)
    outcome = load(unicodedata.normalize("NFD", ACCENTED))
    assert (outcome.unchanged, outcome.changed) == (["1. Één cliënt?"], [])
    assert load(unicodedata.normalize("NFD", ACCENTED), overwrite=True).changed == []
    assert Edition.objects.count() == 1


def test_loading_a_decomposed_file_that_is_an_earlier_edition_changes_nothing():
    """Earlier versions of the site stored files as they were."""
    load(ACCENTED)
    old = unicodedata.normalize("NFD", ACCENTED)
    Edition.objects.update(text=old, source_hash=editions.fingerprint(old))
    assert load(old).changed == []


def test_rows_of_an_earlier_version_that_are_decomposed_can_be_published():
    load(ACCENTED)
    case = Case.objects.get()
    Case.objects.update(body=unicodedata.normalize("NFD", "Zij is één."))
    copy = editions.start_working_copy(case=Case.objects.get())
    editions.publish(case=copy)
    case.refresh_from_db()
    assert case.body == "Zij is één."


def test_names_in_a_file_are_written_without_invisible_characters():
    text = TEXT.replace("title: Opgeruimd?", "title: Op\u00adge\u200bruimd?")
    text = text.replace("actor: Bewoner", "actor: Bewo\u00adner")
    assert text.count("\u00ad") == 2
    assert load(text).new == ["1. Opgeruimd?"]
    assert Edition.objects.get().text == TEXT
