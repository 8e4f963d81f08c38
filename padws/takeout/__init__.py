"""Takeouts: everything that a user has, in a ZIP, and bringing one in."""
