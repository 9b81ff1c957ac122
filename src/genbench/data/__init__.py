"""Where each dataset comes from, and how images are read."""
