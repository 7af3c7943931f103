-- 状态原因
-- +goose Up
ALTER TABLE message_logs ADD COLUMN reason VARCHAR(200) NULL;
