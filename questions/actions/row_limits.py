"""How many rows one account may make of what nobody needs without end. No real teacher or student comes near.

Versions of one text have their limit in versions.py, since there it also decides which of them go.
"""

from datetime import timedelta

COMMENTS = 300  # in the comment bank of one teacher
MODULES = 200  # of one teacher, archived ones not counted
MODULES_IN_TIME, TIME = 50, timedelta(days=1)  # made by one teacher
ASSIGNMENTS = 200  # in a module
OWN_QUESTIONS = 300  # of teachers in a module
HAND_INS = 100  # of one answer, those that were taken back counted too
OWN_STUDY = 2_000  # answers that one user writes outside any module
