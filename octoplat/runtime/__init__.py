"""What runs on one machine: the embedded database, web, workers, the demo target."""
