"""What a request of either kind has made is made sure of, once its last stage has ended."""
