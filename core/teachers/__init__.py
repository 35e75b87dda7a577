"""Teachers: models behind an API. One adapter a file; all are used through the `Teacher` protocol."""
