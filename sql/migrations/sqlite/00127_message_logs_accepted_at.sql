-- 受理时间（UTC）
-- +goose Up
ALTER TABLE message_logs ADD COLUMN accepted_at DATETIME NULL;
