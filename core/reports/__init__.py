"""What is handed on of a finished run: a page that stands alone, tables, and the findings as they are."""
