"""What people read: metrics for `dvc metrics show`, one static page, and a summary in the terminal."""
