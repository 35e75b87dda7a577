"""One run and the list of runs: header, live view, history."""
