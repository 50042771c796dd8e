"""What is known of a claim at a scale: its verdict, and the numbers that it rests on."""

from dataclasses import dataclass

HOLDS, FAILS, UNDECIDED, NOT_RUN = "HOLDS", "DOES NOT HOLD", "UNDECIDED", "NOT RUN"
MEANINGS = {
    HOLDS: "the whole 95% interval of the quantity is on the claim's side of its threshold",
    FAILS: "the whole interval is on the other side",
    UNDECIDED: "the threshold is inside the interval, or the spread between pre-trainings is not known",
    NOT_RUN: "runs are missing, or the scale leaves them out",
}


@dataclass(frozen=True)
class Judged:
    """A claim with its verdict."""

    name: str  # its key in claims.yaml
    statement: str  # in one sentence
    section: str  # of the paper: 'Section 4.3, Figure 4'
    verdict: str  # a key of MEANINGS
    quantity: str  # what was computed, in words: 'ViT-L/16 minus ViT-B/16 on JFT-300M, mean over transfer sets'
    value: float | None  # of the quantity; None where it is not run
    low: float | None  # ends of the 95% interval; None where the spread is not known
    high: float | None
    threshold: float
    unit: str  # 'points', 'px', ...
    direction: str  # 'above' or 'below' the threshold, or 'within' it on both sides of 0: where the claim holds
    rests_on: tuple[str, ...]  # a line for each number: 'ViT-B/16, ImageNet, CIFAR-10: 85.55 ±0.21 (2 pre-trainings)'
    experiments: tuple[str, ...]  # whose runs it reads
    paper: float | None = (
        None  # the same quantity of the published numbers; None where the paper does not print them all
    )
    note: str | None = None  # how the paper's words became this quantity
