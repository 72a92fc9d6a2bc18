"""Slurm's commands for MLSpace."""

__version__ = "0.1.0"
