"""The registry: every job of this user."""
