"""Speech to text, and its translated voices: audio in, results and voices out."""
