from cases.models.cases import Case, CaseActor, CaseKeyword, CaseQuerySet, Reference, Status
from cases.models.editions import Edition
from cases.models.library import Library, SearchWord
from cases.models.uploads import KeptUpload, KeptUploadQuerySet
from cases.models.vocabulary import Actor, FormerActor, FormerKeyword, FormerName, Keyword, Part, Sphere

__all__ = [
    "Actor",
    "Case",
    "CaseActor",
    "CaseKeyword",
    "CaseQuerySet",
    "Edition",
    "FormerActor",
    "FormerKeyword",
    "FormerName",
    "KeptUpload",
    "KeptUploadQuerySet",
    "Keyword",
    "Library",
    "Part",
    "Reference",
    "SearchWord",
    "Sphere",
    "Status",
]
