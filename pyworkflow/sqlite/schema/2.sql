-- Which processes closed before a certain time (what is to be pruned), and whose decisions fail.

CREATE INDEX process_closed ON process (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX process_failing ON process (key) WHERE attempts > 0;
