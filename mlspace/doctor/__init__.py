"""What of the recorded facts about the platform holds on the Gateway at hand (docs/gateway.md)."""
