"""Jobs: work in processes of their own, with its state in the store, and the schedules that start it."""
