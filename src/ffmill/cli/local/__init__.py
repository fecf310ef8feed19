"""An ordinary ffmpeg command read as FFmpeg would: which local files go up, what runs there, what comes down where."""
