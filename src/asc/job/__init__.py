"""The GitHub job: its inputs, files, masks, annotations and summary. No other package touches them."""
