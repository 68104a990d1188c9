"""The stages of a request: one EC2 call each, and how what it starts is followed, stopped and removed."""
