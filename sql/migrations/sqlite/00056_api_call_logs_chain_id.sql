-- 哈希链ID
-- +goose Up
ALTER TABLE api_call_logs ADD COLUMN chain_id CHAR(32) NULL;
