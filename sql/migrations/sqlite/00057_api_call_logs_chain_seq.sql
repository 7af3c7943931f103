-- 链内序号
-- +goose Up
ALTER TABLE api_call_logs ADD COLUMN chain_seq BIGINT NULL;
