"""Optional C: a part of a JPEG without the rest, and the resizing of it. Where it is not built, nothing but speed differs."""
