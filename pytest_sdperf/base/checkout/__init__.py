"""A revision's files on disk."""
