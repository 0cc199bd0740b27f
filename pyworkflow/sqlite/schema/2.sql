-- Which processes closed before a certain time: what is to be pruned.

CREATE INDEX process_closed ON process (closed_at) WHERE closed_at IS NOT NULL;
