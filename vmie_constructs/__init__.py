"""AWS CDK constructs for VM Import/Export."""
