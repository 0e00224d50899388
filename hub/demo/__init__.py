"""The whole hub on one machine: services, web, worker, an account and sample aesthetics."""
