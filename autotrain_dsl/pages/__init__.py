"""Static pages about curriculums, opened from disk: what they hold as data, and the scripts that work on it."""
