-- 受理请求ID
-- +goose Up
ALTER TABLE message_logs ADD COLUMN request_id VARCHAR(64) NULL;
