"""Whose limits count: the base's, or the stricter of two."""
