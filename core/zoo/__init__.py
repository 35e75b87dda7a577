"""Small models to train, distil, serve and try the audit on."""
