"""The service catalogue's rules: forms, who may order, and the plan of what will be done. Pure."""
