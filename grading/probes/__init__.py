"""What each exercise is asked when it is graded: one file for each lesson, one probe for each exercise.

This folder is all that the sandbox sees of the grading. It holds no expected values.
"""
