"""The verdict of a cell, as one pure function, and what each verdict means."""

from collections.abc import Iterable

FULL_SCHEDULE = 0.995  # steps are whole numbers, so a complete schedule may miss the paper's by a fraction of a percent
ROUNDING = 1e-9  # in binary 1.1 - 0.6 is slightly above 0.5, and a difference equal to the tolerance is REPRODUCED

MEANING = {
    "REPRODUCED": "same data, model and schedule as the paper; the difference is within the tolerance",
    "OFF": "same data, model and schedule as the paper; the difference is larger than the tolerance",
    "SHORT": "same data and model, but fewer images were seen than in the paper",
    "STAND-IN": "another data set, model or setting stands in; the paper's value is there for orientation, not for comparison",
    "NOT TESTABLE": "the paper pre-trained on a private set, so nobody outside can test it; ours, if any, comes from other data",
    "MISSING": "planned at this scale, no run of the cell is finished yet",
    "NOT RUN": "left out at this scale",
    "NO PAPER VALUE": "the paper prints no value for this cell",
}
COMPARED = ("REPRODUCED", "OFF", "SHORT")  # the verdicts beside which a difference is printed


def verdict(
    *,
    ours: float | None,
    paper: float | None,
    tolerance: float | None,
    private: bool,
    planned: int,
    finished: int,
    stand_in: bool,
    schedule: float,
) -> str:
    """The first verdict that applies. schedule: the smallest fraction of the paper's images over the cell's recipes."""
    if paper is None:
        return "NO PAPER VALUE"
    if private:
        return "NOT TESTABLE"
    if not planned:
        return "NOT RUN"
    if not finished:
        return "MISSING"
    if stand_in:
        return "STAND-IN"
    if schedule < FULL_SCHEDULE:
        return "SHORT"
    return within(ours, paper, tolerance)


def within(ours: float, paper: float, tolerance: float) -> str:
    return "REPRODUCED" if abs(ours - paper) <= tolerance + ROUNDING else "OFF"


def count_verdicts(verdicts: Iterable[str]) -> str:
    """'24 STAND-IN, 12 NOT TESTABLE': in the order of MEANING."""
    verdicts = list(verdicts)
    return ", ".join(f"{verdicts.count(name)} {name}" for name in MEANING if name in verdicts)
