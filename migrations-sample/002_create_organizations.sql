-- Charities, foundations and firms: who gives grants and who asks for them.
-- ROLLBACK: DROP TABLE organizations;

CREATE TABLE organizations (
    id text NOT NULL PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('charity', 'foundation', 'company')),
    country text NOT NULL DEFAULT 'GB' CHECK (length(country) = 2),
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
