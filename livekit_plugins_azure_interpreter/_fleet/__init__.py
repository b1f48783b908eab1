"""What the workers of a fleet share: the meetings they watch, Azure's resources, and leases on both."""
