"""Runs as jobs of Slurm: what each asks for, submission with dependencies, waiting, cancelling. Never imports torch."""
