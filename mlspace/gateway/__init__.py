"""MLSpace's Gateway over HTTP, API v2."""
