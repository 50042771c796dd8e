"""The top of the page: what it is, at which scale, and what stands in for the paper's data sets and models there."""

from html import escape

from vit.plan import Plan
from vit.plan.schema import SETS
from vit.report.claims.judged import MEANINGS, Judged
from vit.report.names import title
from vit.report.page.counts_section import measured, without_training
from vit.report.page.verdict_words import counted
from vit.report.shown import Shown
from vit.report.verdicts import MEANING

FEW = 4  # stand-ins that are listed before the rest is folded
ABOUT = "What this repository measured, beside what the paper (Dosovitskiy et al., ICLR 2021) prints."
CAUTION = "What was measured on a stand-in is shown beside the paper's value, never compared with it."


def opening(plan: Plan, heading: str, shown: list[Shown], judged: list[Judged]) -> str:
    replaced = replacement(plan)
    sentences = [ABOUT, f"Scale {plan.scale.title.rstrip('.')}.", replaced, CAUTION if replaced else ""]
    text = " ".join(sentence for sentence in sentences if sentence)
    return f'<header id="top"><h1>{escape(heading)}</h1><p>{escape(text)}</p>{answer(shown, judged)}</header>'


def answer(shown: list[Shown], judged: list[Judged]) -> str:
    """What was reproduced, in one line for each kind of statement."""
    lines = [
        ("claims", "Claims of the paper", counted([each.verdict for each in judged], MEANINGS)),
        ("counts", "Measured cells of the tables", counted(measured(shown), MEANING)),
        ("counts", "Cells without training", counted(without_training(shown), MEANING)),
    ]
    items = "".join(
        f'<li><a href="#{place}">{name}</a> ({sum(counts.values())}): {each_count(counts)}</li>'
        for place, name, counts in lines
        if counts
    )
    return f'<ul class="answer">{items}</ul>' if items else ""


def each_count(counts: dict[str, int]) -> str:
    return ", ".join(f"<b>{count}</b> {name}" for name, count in counts.items())


def replacement(plan: Plan) -> str:
    """One sentence: what stands in; '' at a scale where nothing does."""
    parts = []
    if pretrained := replaced_sets(plan, "pretrain"):
        names = [f"{entry.name} for {name}" for name, entry in pretrained.items()]
        parts.append(f"pre-training sets ({', '.join(names)})")
    if transfer := {entry.name for entry in replaced_sets(plan, "transfer").values()}:
        parts.append(f"{len(transfer)} transfer set{'s' * (len(transfer) != 1)}")
    if plan.scale.models:
        parts.append(f"smaller versions of {len(plan.scale.models)} models")
    return f"Standing in for the paper's own: {', '.join(parts)}." if parts else ""


def replaced_sets(plan: Plan, axis: str) -> dict:
    """The paper's name -> the scale's entry, of the sets that have a stand-in."""
    return {name: entry for name, entry in getattr(plan.scale, axis).items() if entry.about}


def stand_in_pairs(plan: Plan) -> list[tuple[str, str, str]]:
    """(kind, the paper's, what runs in its place): sets of pre-training and of transfer, then models."""
    sets = [
        (title(axis), name, f"{entry.name}: {entry.about}")
        for axis in SETS
        for name, entry in replaced_sets(plan, axis).items()
    ]
    models = plan.scale.models.items()
    return [
        *sets,
        *(("model", name, ", ".join(f"{key} {value}" for key, value in own.items())) for name, own in models),
    ]


def stand_ins_section(plan: Plan) -> str:
    """'' where nothing stands in."""
    pairs = stand_in_pairs(plan)
    if not pairs:
        return ""
    rest = pairs[FEW:]
    folded = f"<details><summary>{len(rest)} more</summary>{pair_list(rest)}</details>" if rest else ""
    return (
        f'<section id="stand-ins"><h2>What stands in for what</h2>{pair_list(pairs[:FEW])}{folded}'
        '<p class="small">Settings that differ from the paper\'s, such as shorter schedules, are listed with each table.</p></section>'
    )


def pair_list(pairs: list[tuple[str, str, str]]) -> str:
    items = "".join(
        f"<div><dt><small>{escape(kind)}</small> {escape(theirs)}</dt><dd>{escape(ours)}</dd></div>"
        for kind, theirs, ours in pairs
    )
    return f'<dl class="pairs">{items}</dl>'
