DROP VIEW application_overview;
