"""What would have become of mice under another curriculum: recorded sessions replayed, and compared."""
