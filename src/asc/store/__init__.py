"""App Store releases: versions, their texts and media, review, release."""
