"""Tests of a curriculum: read, run, measured, and made."""
