"""What is seen to run in a worker."""
