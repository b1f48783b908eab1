"""What several workers need to know of one another, and of what they share."""
