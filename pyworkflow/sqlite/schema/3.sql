-- Listings by status and by workflow, newest first: the key, by which they are ordered, ends every index.

CREATE INDEX process_status ON process (status);
CREATE INDEX process_workflow ON process (workflow);
