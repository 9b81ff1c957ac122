"""What every stage needs: files, images, seeds, devices, progress, the command line."""
