"""Install stored signing assets on a machine: files on any system, a keychain and Xcode's folders on macOS."""
