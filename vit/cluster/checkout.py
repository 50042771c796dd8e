"""By which a job is known as one of this checkout's: names of runs are equal in every checkout."""

import getpass
import hashlib

from vit.paths import results


def comment_of(scale: str) -> str:
    """'vit:' and 12 hex digits of the folder of the scale's results; two checkouts, or two scales, share none."""
    return "vit:" + hashlib.sha256(f"{getpass.getuser()}:{results(scale).resolve()}".encode()).hexdigest()[:12]
