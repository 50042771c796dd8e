"""Which files among pictures are ignored silently; every other file that is not read is an error that names it.

The list is of known non-pictures: a list of unsupported picture formats would ignore the next new format silently.
"""

import os

from data.pictures.archives.member_paths import hidden

TEXT = (".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".html", ".log", ".pdf")
CHECKSUMS = (".md5", ".sha1", ".sha256", ".sha512")
SCRIPTS = (".py", ".sh", ".m")  # such as valprep.sh of many copies of ImageNet
DESKTOP = (".db", ".ini")  # Thumbs.db, desktop.ini
ENDINGS = (*TEXT, *CHECKSUMS, *SCRIPTS, *DESKTOP)
NOTES = ("license", "licence", "readme", "checksums", "md5sums", "sha256sums")
NAMES = (*NOTES, "tmp")  # Caltech-101 ships a file named tmp


def harmless(path: str) -> bool:
    """By its name: hidden, or a text, a checksum, a script, or a file of the desktop."""
    name = os.path.basename(path).lower()
    return hidden(path) or name in NAMES or os.path.splitext(name)[1] in ENDINGS
