"""The maximum numbers of rows that one account may make. They are far above what a teacher or student needs.

The limit for versions of one text is in versions.py, where it also decides which versions are deleted.
"""

from datetime import timedelta

COMMENTS = 300  # in the comment bank of one teacher
MODULES = 200  # of one teacher, without archived ones
MODULES_IN_TIME, TIME = 50, timedelta(days=1)  # made by one teacher in this time
ASSIGNMENTS = 200  # in a module
OWN_QUESTIONS = 300  # in a module
HAND_INS = 100  # of one answer, including those that were taken back
OWN_STUDY = 2_000  # answers of one user outside any module
