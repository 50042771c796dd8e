"""When the functions in C take the place of torch's."""

import torch
from torch import Tensor

PLAIN = (Tensor, torch.nn.Parameter)  # not fake, nor a part of one that several devices hold
MOST_THREADS = 2  # they run in one; with more, torch's, which divide their work, are faster


def usable(*tensors: Tensor) -> bool:
    """Plain contiguous float32 tensors on a CPU, few threads, and nobody who watches, counts or compiles torch's operations."""
    return (
        not torch.compiler.is_compiling()  # first: a compiler would look into the rest
        and torch.get_num_threads() <= MOST_THREADS
        and all(t.dtype is torch.float32 and t.is_cpu and t.is_contiguous() and type(t) in PLAIN for t in tensors)
        and not torch._C._len_torch_dispatch_stack()
        and not torch._C._are_functorch_transforms_active()
    )
