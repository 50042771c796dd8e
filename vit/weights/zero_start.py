"""A model that is about to be loaded starts from zeros: random initial values take seconds of a large model."""

from torch.overrides import TorchFunctionMode

RANDOM = {"uniform_", "normal_", "kaiming_uniform_"}  # what torch's layers and ours fill parameters with


class ZeroStart(TorchFunctionMode):
    """Inside it, what torch's global generator would fill with random numbers is zeros; all else is as ever.

    So buffers are right, which a class computes and a file may lack; on the device `meta` they would have no values.
    Zeros, as torch's truncated normal draws again until all numbers are within its bounds.
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function.__name__ in RANDOM and kwargs.get("generator") is None:
            tensor = kwargs["tensor"] if "tensor" in kwargs else args[0]
            tensor.data.zero_()
            return tensor
        return function(*args, **kwargs)
