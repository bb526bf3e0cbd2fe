"""The two arms of a side-by-side measurement: which code, which interpreter, and the proof that it is that code."""
