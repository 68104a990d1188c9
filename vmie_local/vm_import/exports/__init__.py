"""What exports of images and of instances share: checks of the bucket, writing the file, storing it."""
