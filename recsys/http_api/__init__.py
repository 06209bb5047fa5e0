"""The HTTP API under /api on the app's server: recommendations, feedback, replays and explanations as JSON."""
