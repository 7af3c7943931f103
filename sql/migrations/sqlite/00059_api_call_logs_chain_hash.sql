-- 本行的哈希
-- +goose Up
ALTER TABLE api_call_logs ADD COLUMN chain_hash CHAR(64) NULL;
