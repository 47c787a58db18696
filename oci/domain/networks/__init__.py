"""Networks and addresses of both families, and who has a claim on one."""
