"""What turns a site into running work: register, planner, relay, worker, and `up` that starts them all."""
