"""Pre-training images that are also test images: Section 4.1 leaves them out; `python -m data.overlap` finds them."""
