"""The candidates' table of New audit, and its dialogs."""
