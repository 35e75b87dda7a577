"""The page New audit: student, effort, consent, start."""
