"""Which files among pictures may be passed over without a word; every other file that is not read is refused by name.

The list names what is known to be no picture. A list of foreign pictures would be silent about the next format.
"""

import os

from data.pictures.archives.member_paths import hidden

TEXT = (".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".html", ".log", ".pdf")
CHECKSUMS = (".md5", ".sha1", ".sha256", ".sha512")
SCRIPTS = (".py", ".sh", ".m")  # such as valprep.sh of many copies of ImageNet
DESKTOP = (".db", ".ini")  # Thumbs.db, desktop.ini
ENDINGS = (*TEXT, *CHECKSUMS, *SCRIPTS, *DESKTOP)
NOTES = ("license", "licence", "readme", "checksums", "md5sums", "sha256sums")
NAMES = (*NOTES, "tmp")  # Caltech-101 ships a file called tmp


def harmless(path: str) -> bool:
    """By its name alone: hidden, or a text, a checksum, a script, or what a desktop leaves behind."""
    name = os.path.basename(path).lower()
    return hidden(path) or name in NAMES or os.path.splitext(name)[1] in ENDINGS
