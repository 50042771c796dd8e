"""The paper's statements (experiments/claims.yaml), tested on whatever ran. Never imports torch."""

from vit.report.claims.claims_files import write_claims
from vit.report.claims.judge_all import judged_claims
from vit.report.claims.judged import MEANINGS, Judged

__all__ = ["MEANINGS", "Judged", "judged_claims", "write_claims"]
