"""The Slurm dialect: text in, values out. Pure: no clock, no files, no network, no environment."""
