"""Case files in and out of the database."""

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


def test_a_new_file_becomes_a_published_case_with_its_first_edition():
    outcome = load()
    case = Case.objects.get()
    assert outcome.new == ["1. Opgeruimd?"]
    assert case.status == Status.PUBLISHED
    assert [edition.number for edition in case.editions.all()] == [1]
    assert case.editions.get().text == TEXT
    assert mapping.document_of(case).questions[0].key == "eerste-actie"
    assert case.word_count == 13


def test_loading_the_same_again_changes_nothing():
    load()
    version = Library.objects.get().version
    outcome = load()
    assert (outcome.unchanged, outcome.new, outcome.changed) == (["1. Opgeruimd?"], [], [])
    assert Edition.objects.count() == 1
    assert Library.objects.get().version == version


def test_a_file_that_differs_only_in_form_is_unchanged():
    load()
    assert load(TEXT.replace("title: Opgeruimd?", 'title: "Opgeruimd?"')).unchanged == ["1. Opgeruimd?"]


def test_a_changed_file_becomes_the_next_edition():
    load()
    assert load(TEXT.replace("title: Opgeruimd?", "title: Netjes?")).changed == ["1. Netjes?"]
    case = Case.objects.get()
    assert case.title == "Netjes?"
    assert [edition.number for edition in case.editions.all()] == [2, 1]


def test_a_case_that_was_changed_on_the_site_is_left_alone():
    load()
    change_on_site("Hier beter")
    outcome = load(TEXT.replace("title: Opgeruimd?", "title: Netjes?"))
    assert outcome.left_alone == ["1. Netjes?"]
    assert Case.objects.get().title == "Hier beter"


def test_an_older_file_does_not_undo_what_was_changed_on_the_site():
    load()
    change_on_site("Hier beter")
    assert load().unchanged == ["1. Opgeruimd?"]
    assert Case.objects.get().title == "Hier beter"


def test_a_case_with_an_open_working_copy_is_left_alone():
    load()
    editions.start_working_copy(case=Case.objects.get())
    assert load(TEXT.replace("title: Opgeruimd?", "title: Netjes?")).left_alone == ["1. Netjes?"]
    assert Case.objects.filter(status=Status.CONCEPT).count() == 1


def test_with_overwrite_the_file_wins():
    load()
    change_on_site("Hier beter")
    assert load(overwrite=True).changed == ["1. Opgeruimd?"]
    assert Case.objects.get().title == "Opgeruimd?"


@pytest.mark.parametrize("status", [Status.ARCHIVED, Status.WITHDRAWN])
def test_a_case_that_was_taken_down_does_not_come_back_with_a_file(status):
    load()
    Case.objects.update(status=status)
    outcome = load(TEXT.replace("title: Opgeruimd?", "title: Netjes?"), overwrite=True)
    assert outcome.left_alone == ["1. Netjes?"]
    assert Case.objects.get().status == status


def test_a_dry_run_tells_and_writes_nothing():
    assert load(dry_run=True).new == ["1. Opgeruimd?"]
    assert not Case.objects.exists()
    assert not Part.objects.exists()


def test_with_one_problem_nothing_at_all_is_written():
    second = TEXT.replace("number: 1", "number: 2").replace("slug: opgeruimd", "slug: twee").replace("doener", "voeler")
    with pytest.raises(sync.DocumentError, match="02-twee.md:17: onbekende vraagsoort"):
        sync.load([*SOURCES, sync.Source("02-twee.md", second)])
    assert not Case.objects.exists()
    assert not Keyword.objects.exists()


def test_two_files_cannot_share_a_number_or_a_slug():
    other = TEXT.replace("slug: opgeruimd", "slug: twee")
    with pytest.raises(sync.DocumentError, match="b.md:2: nummer 1 is al van de casus «opgeruimd»"):
        sync.load([*SOURCES, sync.Source("b.md", other)])
    with pytest.raises(sync.DocumentError, match="b.md:3: de webnaam «opgeruimd» is al van een ander bestand"):
        sync.load([*SOURCES, sync.Source("b.md", TEXT)])


def test_a_question_that_disappears_is_deleted_while_nobody_answered_it():
    load()
    load(TEXT.replace("key: eerste-actie", "key: tweede-actie"))
    assert [question.key for question in Question.objects.all()] == ["tweede-actie"]


def test_a_question_keeps_its_row_when_its_words_change():
    load()
    row = Question.objects.get().pk
    load(TEXT.replace("als eerste", "eerst"))
    assert Question.objects.get().pk == row
    assert Question.objects.get().text == "Wat doe je eerst?"


def test_vocabulary_that_people_changed_is_named_and_left():
    load()
    Part.objects.update(title="Anders")
    assert load().left_alone == ["Deel 1: Anders"]
    assert load(overwrite=True).left_alone == []
    assert Part.objects.get().title == "Bewoners"


def test_what_was_loaded_from_canonical_files_is_exported_as_the_same_bytes(tmp_path):
    call_command("load_cases", stdout=StringIO())
    call_command("export_cases", tmp_path, stdout=StringIO())
    fixtures = settings.BASE_DIR / "fixtures"
    names = sorted(path.relative_to(fixtures) for path in [fixtures / "casebook.yaml", *fixtures.glob("cases/*.md")])
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.*")) == names
    for name in names:
        assert (tmp_path / name).read_bytes() == (fixtures / name).read_bytes(), name


def test_the_command_says_what_it_did():
    said = StringIO()
    call_command("load_cases", stdout=said)
    assert said.getvalue() == "16 nieuw, 0 gewijzigd, 0 ongewijzigd, 0 overgeslagen\n"
    said = StringIO()
    call_command("load_cases", "--dry-run", stdout=said)
    assert said.getvalue() == "Proef, er is niets geschreven: 0 nieuw, 0 gewijzigd, 16 ongewijzigd, 0 overgeslagen\n"


def test_the_command_names_a_path_that_is_not_there_and_a_file_that_is_not_utf8(tmp_path):
    (tmp_path / "a.md").write_bytes(b"---\ntitle: \xff\n")
    with pytest.raises(CommandError) as caught:
        call_command("load_cases", tmp_path / "a.md", Path("nergens"))
    assert "a.md:2: dit bestand is geen UTF-8" in str(caught.value)
    assert "nergens:1: dit bestand of deze map bestaat niet" in str(caught.value)
    assert "Er is niets geladen" in str(caught.value)


def test_exporting_into_a_file_is_refused(tmp_path):
    (tmp_path / "x").write_text("")
    with pytest.raises(CommandError, match="is een bestand; noem een map"):
        call_command("export_cases", tmp_path / "x")


def test_only_published_cases_are_exported():
    published_case(number=3)
    Case.objects.update(status=Status.ARCHIVED)
    assert list(sync.export()) == ["casebook.yaml"]
