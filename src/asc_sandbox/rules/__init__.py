"""The rules of App Store Connect beyond the declarations in `resources/`: refusals and automatic changes."""
