"""Journeys through a running city in a real browser; its servers stop when the last journey is over."""
