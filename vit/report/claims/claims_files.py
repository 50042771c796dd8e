"""claims.md and claims.csv of a scale, and the lines for the terminal."""

from collections import Counter
from pathlib import Path

import pandas as pd

from vit.atomic import write_text
from vit.paths import results
from vit.report.claims.judged import MEANINGS, Judged
from vit.report.claims.texts import measured, number, side

COLUMNS = ("name", "verdict", "value", "low", "high", "direction", "threshold", "unit", "paper", "section", "statement")


def write_claims(scale: str, claims: list[Judged]) -> tuple[Path, Path]:
    folder = results(scale)
    paths = folder / "claims.md", folder / "claims.csv"
    for path, content in zip(paths, (markdown(scale, claims), sheet(claims)), strict=True):
        write_text(path, content)
    return paths


def counts(claims: list[Judged]) -> str:
    """'3 HOLDS, 2 UNDECIDED'."""
    found = Counter(claim.verdict for claim in claims)
    return ", ".join(f"{found[verdict]} {verdict}" for verdict in MEANINGS if found[verdict])


def markdown(scale: str, claims: list[Judged]) -> str:
    lines = [
        f"# The paper's claims at scale {scale}",
        f"{counts(claims)}. Each claim is a quantity with a 95% interval over pre-trainings, seeds and transfer sets"
        " ([how](../../docs/claims.md)). At scales with stand-ins it tests the statement in kind, on other data and smaller models.",
        "| claim | verdict | measured | holds | the paper's numbers | where |\n| :-- | :-- | :-: | :-: | :-: | :-- |\n"
        + "\n".join(row(claim) for claim in claims),
        "\n".join(["## What the verdicts mean", "", *(f"- {name}: {meaning}" for name, meaning in MEANINGS.items())]),
        *(details(claim) for claim in claims),
    ]
    return "\n\n".join(lines) + "\n"


def row(claim: Judged) -> str:
    cells = (claim.statement, f"**{claim.verdict}**", measured(claim), side(claim), number(claim.paper), claim.section)
    return f"| {' | '.join(cells)} |"


def details(claim: Judged) -> str:
    """The numbers behind a claim."""
    noted = [f"{claim.note}."] if claim.note else []
    head = f"## {claim.statement}"
    told = f"**{claim.verdict}**. {claim.quantity}: {measured(claim)}; holds {side(claim)}; {claim.section}."
    return "\n\n".join([head, told, *noted, "\n".join(f"- {line}" for line in claim.rests_on)]).strip()


def sheet(claims: list[Judged]) -> str:
    rows = [{column: getattr(claim, column) for column in COLUMNS} for claim in claims]
    table = pd.DataFrame(rows, columns=COLUMNS).round({"value": 4, "low": 4, "high": 4, "paper": 4})
    return table.to_csv(index=False, lineterminator="\n")


def terminal(claims: list[Judged]) -> str:
    """A line a claim, then the counts."""
    width = max(map(len, MEANINGS))
    lines = [f"{claim.verdict:<{width}}  {claim.statement}: {measured(claim)}, holds {side(claim)}" for claim in claims]
    return "\n".join([*lines, f"{counts(claims)}"])
