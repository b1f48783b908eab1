"""What the package uses of LiveKit's private names."""
