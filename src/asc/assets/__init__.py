"""Upload any file that App Store Connect calls an asset: reserve it, send its parts, commit it."""
