"""The GitHub job around us: its inputs, files, masks, annotations and summary. Nothing else touches them."""
