"""What the project claims about itself, measured by commands that anyone can repeat."""
