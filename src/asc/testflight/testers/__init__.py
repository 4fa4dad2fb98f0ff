"""The testers of an app: read them, add, remove, prune and invite them, and list them in a file."""
