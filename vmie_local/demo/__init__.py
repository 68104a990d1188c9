"""`make demo`: one disk image becomes an AMI on a local AWS, through the deployed pipeline."""
