"""The paper's statements (experiments/claims.yaml), tested on whatever ran. Never imports torch."""

from vit.report.claims.judge_all import judged_claims
from vit.report.claims.judged import MEANINGS, Judged
from vit.report.claims.written import write_claims

__all__ = ["MEANINGS", "Judged", "judged_claims", "write_claims"]
