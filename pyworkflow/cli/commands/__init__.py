"""One file a command: it parses, asks, prints."""
