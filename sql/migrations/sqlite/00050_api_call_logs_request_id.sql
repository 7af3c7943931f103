-- SQLite adds one column per statement, hence a file for each of what is one ALTER for MySQL.
-- 请求ID
-- +goose Up
ALTER TABLE api_call_logs ADD COLUMN request_id VARCHAR(64) NULL;
