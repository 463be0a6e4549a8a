"""Milestones: one script a year of history, each a short program on the package, trained and measured by the runner."""
