-- 前一行的哈希
-- +goose Up
ALTER TABLE api_call_logs ADD COLUMN chain_prev CHAR(64) NULL;
