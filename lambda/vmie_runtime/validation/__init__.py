"""What is looked at before a request of either kind starts anything."""
