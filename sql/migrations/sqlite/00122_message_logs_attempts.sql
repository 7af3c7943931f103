-- 已发送次数（含重试）
-- +goose Up
ALTER TABLE message_logs ADD COLUMN attempts INT NULL;
