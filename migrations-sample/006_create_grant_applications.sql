-- Dependencies: grants, organizations, users

CREATE TABLE grant_applications (
    id text NOT NULL PRIMARY KEY,
    grant_id text NOT NULL REFERENCES grants (id),
    organization_id text NOT NULL REFERENCES organizations (id),
    submitted_by text NOT NULL REFERENCES users (id),
    state text NOT NULL DEFAULT 'draft'
        CHECK (state IN ('draft', 'submitted', 'in_review', 'approved', 'rejected', 'withdrawn')),
    requested_cents bigint NOT NULL CHECK (requested_cents > 0),
    summary text NOT NULL DEFAULT '',
    submitted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (grant_id, organization_id)
);

-- Reviewers look at what waits for them, which is a small part of the table.
CREATE INDEX grant_applications_open_idx ON grant_applications (grant_id, submitted_at)
    WHERE state IN ('submitted', 'in_review');

-- ROLLBACK:
-- DROP INDEX grant_applications_open_idx;
-- DROP TABLE grant_applications;
-- END ROLLBACK
