"""The pure part: plans, dates and decisions. No I/O, no clock, no database."""
