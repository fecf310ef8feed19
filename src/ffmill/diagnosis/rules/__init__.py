"""What FFmpeg says when it fails, and what to tell of it: a file for each subject."""
