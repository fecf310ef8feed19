"""ffmill runs FFmpeg commands as jobs behind a REST API."""
