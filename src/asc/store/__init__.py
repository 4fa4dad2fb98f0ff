"""The store page of an app: the texts and files in the repository, those at Apple, and the changes between the two."""
