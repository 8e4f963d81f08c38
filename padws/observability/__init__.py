"""What the service tells of itself: metrics, log, request ids, traces."""
