"""The base of a comparison: another revision, another interpreter, or the head itself."""
