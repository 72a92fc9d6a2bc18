"""The registry's jobs led to their ends: sent, looked after, taken over; by any command, and by a process of its own."""
