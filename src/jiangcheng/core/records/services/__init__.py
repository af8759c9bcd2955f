"""Keeping registers: adding, changing, moving and withdrawing rows; files in and out."""
