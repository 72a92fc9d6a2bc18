"""What follows the word `mlspace`, one file each: `mlspace explain`. Their names and help are in commands/mlspace.py."""
