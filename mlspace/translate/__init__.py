"""From Slurm's words to MLSpace's, and back. Pure."""
