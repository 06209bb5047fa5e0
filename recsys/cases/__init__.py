"""Cases: views that people keep, with a note and tags."""
