"""What the launcher must do, and how it is told (docs/protocol.md)."""
