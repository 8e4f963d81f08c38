"""What the service reports about itself: metrics, log, request ids, traces."""
