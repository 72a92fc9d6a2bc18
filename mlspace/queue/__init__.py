"""What may start now, and why the rest waits: decisions over rows and a clock. Nothing here acts; mlspace/controller/dispatch.py does."""
