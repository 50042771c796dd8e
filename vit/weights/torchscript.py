"""TorchScript archives are zip files as torch.save's are, with code in them beside the tensors: recognised, never opened."""

import re
import zipfile

from vit.errors import UserError
from vit.plan.files import name_of

CODE = re.compile(r"[^/]+/(code/.*|constants\.pkl)")


def refuse_torchscript(path):
    """UserError for what torch.jit.save writes, before anything of it is read."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            scripted = any(map(CODE.fullmatch, archive.namelist()))
    except zipfile.BadZipFile:
        return  # the reader says what is damaged
    if scripted:
        raise UserError(
            f"{name_of(path)}: a TorchScript archive, which holds code; expected weights alone: "
            "where it was made, save torch.jit.load(FILE).state_dict() with torch.save"
        )
