"""Stores of single objects: S3, Azure, Google Cloud Storage, and GitLab's secure files."""
