"""What runs in the account: intake, reconciler and the steps of the state machine."""
