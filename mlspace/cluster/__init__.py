"""The cluster as Slurm would have it in slurm.conf, made of what the platform offers; and how `launch` gets to its nodes."""
