"""Everything that speaks to a tracker. Knows nothing of `service`."""
