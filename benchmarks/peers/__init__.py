"""Other systems on the same work, in the same run."""
