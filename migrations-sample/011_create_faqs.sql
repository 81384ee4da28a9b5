-- Questions that visitors ask, with the first answers. Adding them again changes nothing.

CREATE TABLE faqs (
    id text NOT NULL PRIMARY KEY,
    locale text NOT NULL DEFAULT 'en',
    position integer NOT NULL DEFAULT 0,
    question text NOT NULL,
    answer text NOT NULL,
    published boolean NOT NULL DEFAULT true
);

INSERT INTO faqs (id, locale, position, question, answer) VALUES
    ('who-may-apply', 'en', 1, 'Who may apply for a grant?', 'Every registered charity; it doesn''t need a website.'),
    ('fees', 'en', 2, 'Do you keep a share of my donation?', 'No; not one cent.'),
    ('gebuehren', 'de', 2, 'Behalten Sie einen Teil meiner Spende?', 'Nein – wir geben alles weiter.'),
    ('frais', 'fr', 2, 'Gardez-vous une part de mon don ?', 'Non : tout est reversé à l’association.')
ON CONFLICT (id) DO NOTHING;

-- ROLLBACK: DROP TABLE faqs;
