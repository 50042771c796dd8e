"""What may be said of a cell: one verdict, by one pure function."""

FULL_SCHEDULE = 0.995  # steps are whole numbers, so a complete schedule may miss the paper's by a fraction of a percent
ROUNDING = 1e-9  # 1.1 - 0.6 is a hair above 0.5 in binary

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
COMPARED = ("REPRODUCED", "OFF", "SHORT")  # the verdicts beside which a difference is fair


def verdict(*, ours, paper, tolerance, private, planned, finished, stand_in, schedule):
    """The first verdict that applies. `schedule`: the smallest fraction of the paper's images over the recipes of the cell."""
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


def within(ours, paper, tolerance):
    return "REPRODUCED" if abs(ours - paper) <= tolerance + ROUNDING else "OFF"


def counted(verdicts):
    """'24 STAND-IN, 12 NOT TESTABLE': in the order of the list above."""
    verdicts = list(verdicts)
    return ", ".join(f"{verdicts.count(one)} {one}" for one in MEANING if one in verdicts)
