"""The models, one file each; `base` has their interface and what they share."""
