"""Runs real engines with the integrations wired to a real stack, and looks at the archives that come out."""
