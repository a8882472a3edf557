"""What would happen, worked out from plain values: no Django, no I/O, no clock, no randomness."""
