"""The encrypted store of signing assets, in fastlane match's format: bytes in, typed entries out, and back."""
