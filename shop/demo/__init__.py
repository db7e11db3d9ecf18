"""The demo shop: a catalogue worth looking at, and a big one to measure with."""
