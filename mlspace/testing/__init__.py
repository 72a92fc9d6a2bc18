"""An MLSpace for testing clients against: `python -m mlspace.testing`."""
