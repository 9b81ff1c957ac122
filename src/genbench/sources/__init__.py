"""Where raw images come from: published datasets, archives of class folders, photographs."""
