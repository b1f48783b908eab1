"""What the processes of a fleet share: Azure's resources, and leases that bound what all of them take."""
