"""The commands of `python -m vit`, each with its arguments. A command imports what it needs when it is called, so that most start without torch."""
