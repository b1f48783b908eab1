"""Speech to text over HTTP, for clients without an SDK."""
