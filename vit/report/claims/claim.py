"""A claim as claims.yaml states it: which cells it compares, how, and on which side of which threshold it holds."""

from dataclasses import dataclass, field

from vit import paths
from vit.errors import UserError
from vit.plan.precision import parts
from vit.plan.yaml_files import build, check_keys, read_yaml

SIDES = ("above", "below", "within")  # of the threshold; within: closer to 0 than it
MEASURES = ("mean", "best", "range", "slope_data", "slope_compute", "equal_compute", "ranks")


@dataclass(frozen=True)
class Claim:
    """A quantity: what `plus` names minus what `minus` names, each measured by `measure`, mean over what they share.

    measure, of the cells that an operand names:
        mean            their values; plus and minus are compared where the other axes of the table agree
        best, range     the largest, or the largest minus the smallest, over the axes of `over`
        slope_data      the slope against log10 of the number of pre-training images, in points per factor of ten
        slope_compute   the slope against log2 of the FLOPs of pre-training, in points per doubling
        equal_compute   how far each cell of plus is above the line through those of minus at its own FLOPs
        ranks           Spearman's correlation between the cells of plus and those of minus, matched by `over`
    """

    statement: str
    section: str
    experiment: str  # whose cells plus and minus name
    plus: list  # mappings from axes to a value, or a list of values
    minus: list = field(default_factory=list)
    measure: str = "mean"
    over: list = field(default_factory=list)  # axes that a measure runs along
    factor: float = 1.0  # minus counts so often
    other: str | None = None  # ranks: the experiment of the cells of minus
    above: float | None = None  # the threshold, under the side on which the claim holds
    below: float | None = None
    within: float | None = None
    note: str | None = None  # what a reader should know of how the paper's words became this quantity
    at: dict = field(default_factory=dict)  # scale -> the fields that differ there

    @property
    def side(self) -> str:
        return next(side for side in SIDES if getattr(self, side) is not None)

    @property
    def threshold(self) -> float:
        return getattr(self, self.side)


def read_claims(scale: str) -> dict[str, Claim]:
    """Name -> claim, with what `at` says for this scale. UserError for what could not be computed."""
    path = paths.EXPERIMENTS / "claims.yaml"
    where, content = paths.name_of(path), read_yaml(path) if path.exists() else {}
    claims = {}
    for name, fields in content.items():
        claim = build(Claim, fields, path, name)
        check_keys(claim.at, scales(), f"{where}: {name}.at")
        claims[name] = build(Claim, {**fields, **claim.at.get(parts(scale)[0], {})}, path, name)
        check_claim(claims[name], f"{where}: {name}")
    return claims


def scales() -> list[str]:
    return sorted(path.stem for path in (paths.EXPERIMENTS / "scales").glob("*.yaml"))


def check_claim(claim: Claim, where: str) -> None:
    """UserError for a claim without exactly one threshold, or with a measure that lacks its operands."""
    check_keys([claim.measure], MEASURES, f"{where}.measure")
    sides = [side for side in SIDES if getattr(claim, side) is not None]
    if len(sides) != 1:
        raise UserError(f"{where}: one threshold is needed, above, below or within; found {', '.join(sides) or 'none'}")
    for part in ("plus", "minus"):
        if not isinstance(getattr(claim, part), list):
            raise UserError(f"{where}.{part}: a list of mappings was expected, such as [{{pretrain: JFT-300M}}]")
    if claim.measure in ("equal_compute", "ranks") and not claim.minus:
        raise UserError(f"{where}: {claim.measure} compares plus with minus; minus is missing")
    if claim.measure in ("best", "range", "slope_data", "slope_compute", "ranks") and not claim.over:
        raise UserError(f"{where}: {claim.measure} needs `over`, a list of the axes that it runs along")
