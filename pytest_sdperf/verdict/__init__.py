"""The verdict as values: one type of finding for each part. Sentences are rendered from them, and never read back."""
