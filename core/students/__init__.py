"""From a checkpoint to a `Student`: a callable on pixels in [0, 1]. Importing the package needs no torch."""
