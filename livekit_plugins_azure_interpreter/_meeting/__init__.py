"""Who in a room is interpreted into what, and for whom."""
