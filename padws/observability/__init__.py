"""What the service reports of itself: metrics, log, request ids, traces."""
