"""What was stored, brought onto a machine: files on any system, a keychain and Xcode's folders on macOS."""
