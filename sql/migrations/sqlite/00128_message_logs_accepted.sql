-- Rows from before there was accepted_at, which is what a search goes by, get the one time they have.
-- +goose Up
UPDATE message_logs SET accepted_at = sent_at WHERE accepted_at IS NULL;
