"""What App Store Connect allows and what it makes of it, beyond what `resources/` declares."""
