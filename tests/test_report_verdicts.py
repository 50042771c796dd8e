"""Which verdict a cell gets: the first that applies, case by case."""

import pytest

from vit.report.verdicts import COMPARED, MEANING, count_verdicts, verdict

NUMBERS = {"ours": 98.0, "paper": 98.2, "tolerance": 0.5}
COMPLETE = {**NUMBERS, "private": False, "planned": 3, "finished": 3, "stand_in": False, "schedule": 1.0}
CASES = [  # what differs from a complete, fair cell -> verdict
    ({}, "REPRODUCED"),
    ({"ours": 97.7}, "REPRODUCED"),  # exactly the tolerance away
    ({"ours": 97.69}, "OFF"),
    ({"ours": 99.9}, "OFF"),  # better is not reproduced either
    ({"finished": 1}, "REPRODUCED"),  # n is shown beside it
    ({"schedule": 0.996}, "REPRODUCED"),
    ({"schedule": 0.9949}, "SHORT"),
    ({"schedule": 0.5, "ours": 98.2}, "SHORT"),
    ({"stand_in": True}, "STAND-IN"),
    ({"stand_in": True, "schedule": 0.01}, "STAND-IN"),
    ({"finished": 0, "ours": None}, "MISSING"),
    ({"finished": 0, "ours": None, "stand_in": True}, "MISSING"),
    ({"planned": 0, "finished": 0, "ours": None}, "NOT RUN"),
    ({"private": True}, "NOT TESTABLE"),
    ({"private": True, "stand_in": True, "schedule": 0.01}, "NOT TESTABLE"),
    ({"private": True, "planned": 0, "finished": 0, "ours": None}, "NOT TESTABLE"),
    ({"paper": None}, "NO PAPER VALUE"),
    ({"paper": None, "planned": 0, "finished": 0, "ours": None}, "NO PAPER VALUE"),
    ({"paper": None, "stand_in": True, "tolerance": None}, "NO PAPER VALUE"),
]


@pytest.mark.parametrize(("changes", "expected"), CASES, ids=str)
def test_the_first_verdict_that_applies(changes, expected):
    assert verdict(**{**COMPLETE, **changes}) == expected


def test_every_verdict_has_a_case_and_a_meaning():
    assert {expected for _, expected in CASES} == set(MEANING)


def test_a_difference_is_shown_only_where_data_and_model_are_the_papers():
    assert set(COMPARED) == {"REPRODUCED", "OFF", "SHORT"}


def test_verdicts_are_counted_in_one_order():
    assert count_verdicts(["NOT RUN", "OFF", "NOT RUN"]) == "1 OFF, 2 NOT RUN"
