"""The live feed: what happens in a workspace, told to all who are connected, in order and once; see `session`."""
