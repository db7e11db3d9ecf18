"""What the shop's templates need beyond Django's own tags."""
