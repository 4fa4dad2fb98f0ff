"""The store page of an app: what the repository says of it, what Apple has, and the changes between the two."""
