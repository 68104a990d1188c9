"""What keeps an AMI or an instance from being exported, looked for before EC2 is asked.

The rules are the considerations of the VM Import/Export User Guide, "Considerations for image export" and
"Considerations for instance export", as of 2026. What is known to fail is refused; what EC2 alone can tell is
advice.
"""
