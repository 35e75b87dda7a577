"""Find out what an address serves, without asking it anything about an image."""
