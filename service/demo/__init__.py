"""`tminus demo`: the main job on two simulated trackers. It plays the people, so it alone may know the trackers."""
