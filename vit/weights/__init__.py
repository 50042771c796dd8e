"""Files of weights: ours, timm's, Hugging Face's, torchvision's, the authors' archives and the URLs of those."""

from vit.weights.class_names import IMAGENET, check_classes
from vit.weights.load import load_weights, restore_file
from vit.weights.opened import Opened, open_checkpoint
from vit.weights.released import file_of, released
from vit.weights.run_file import FILE, check_images, is_run, read, restore, save
from vit.weights.save import save_weights

__all__ = [
    "FILE",
    "IMAGENET",
    "Opened",
    "check_classes",
    "check_images",
    "file_of",
    "is_run",
    "load_weights",
    "open_checkpoint",
    "read",
    "released",
    "restore",
    "restore_file",
    "save",
    "save_weights",
]
