"""What is to happen to a cluster, approved before it does: plans, deployments, and what differs from what was applied."""
