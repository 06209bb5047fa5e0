"""The device that models run on, and the precision they are trained in."""

from typing import TYPE_CHECKING

from recsys.core.errors import DataError, unknown
from recsys.core.translation import _

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda")


def choose_device(name: str = "auto") -> "torch.device":
    """Return a torch device: auto takes CUDA if there is one, else the CPU. Asking for CUDA on a machine without it is a DataError."""
    import torch

    if name not in DEVICES:
        raise unknown("device", name, DEVICES)
    if name == "cuda" and not torch.cuda.is_available():
        raise DataError(_("this machine has no CUDA device that PyTorch can use; use --device cpu or auto"))
    return torch.device("cuda" if name == "cuda" or (name == "auto" and torch.cuda.is_available()) else "cpu")


def training_precision(where: "torch.device") -> "torch.dtype":
    """Return bfloat16 where matrix products in it are much faster (CUDA, processors with AMX tiles), else float32.

    Parameters, their gradients and sums stay float32; only products and activations are rounded.
    """
    import torch

    fast = where.type == "cuda" or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if fast else torch.float32
