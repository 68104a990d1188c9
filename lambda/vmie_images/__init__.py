"""Reading virtual machine disk images by byte ranges. Imports nothing from AWS."""
