"""Which pre-training images are test images too: Section 4.1 takes those out; `python -m data.overlap` finds them."""
