"""The HTTP side: hooks and health."""
