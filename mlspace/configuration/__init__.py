"""What the user and the site have configured: where each value comes from, and what names mean here."""
