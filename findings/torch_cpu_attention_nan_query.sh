#!/usr/bin/env bash
# torch's fused attention on a CPU answers a query that is NaN with zeros.
#
# One would expect what the formula gives, and what torch's other back ends give: softmax of a row of NaN is NaN, so the row of the result
# is NaN, and a training that has diverged shows it at the next loss. The fused CPU kernel of F.scaled_dot_product_attention, which float32 tensors
# take by default, returns a row of zeros instead, so the NaN ends there: the values carry on through the residual branch as if nothing had happened.
# A NaN in a key or in a value does come out as NaN.
#
# Output seen with torch 2.9.1:
#   fused, NaN in a query: row of it [0.0, 0.0], other rows finite
#   math, NaN in a query: row of it [nan, nan], other rows finite
#   fused, NaN in a value: every row has a NaN
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "torch==2.9.1" "numpy==2.2.6"
"$folder/venv/bin/python" - <<'PYTHON'
import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

torch.manual_seed(0)
q, k, v = torch.randn(3, 1, 1, 4, 2)
broken = q.clone()
broken[0, 0, 1] = float("nan")
rows = {}
for name, backend in (("fused", SDPBackend.FLASH_ATTENTION), ("math", SDPBackend.MATH)):
    with sdpa_kernel(backend):
        out = F.scaled_dot_product_attention(broken, k, v)[0, 0]
    rows[name] = out[1].tolist()
    others = "finite" if out[[0, 2, 3]].isfinite().all() else "not finite"
    print(f"{name}, NaN in a query: row of it {rows[name]}, other rows {others}")
damaged = v.clone()
damaged[0, 0, 1] = float("nan")
with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
    out = F.scaled_dot_product_attention(q, k, damaged)
print("fused, NaN in a value: every row has a NaN" if out.isnan().any(-1).all() else "fused, NaN in a value: not every row has a NaN")
assert rows["fused"] == [0.0, 0.0], "changed: a NaN query no longer gives zeros"
assert all(value != value for value in rows["math"]), "changed: the math back end no longer gives NaN"
PYTHON
