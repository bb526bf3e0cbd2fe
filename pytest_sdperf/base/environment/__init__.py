"""An environment of the base's own: made with uv from the dependency files that the base has."""
