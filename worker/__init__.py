"""The worker: takes one task from the queue to a finished archive."""
