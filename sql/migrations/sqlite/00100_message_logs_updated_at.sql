-- 状态变更时间（UTC），旧状态不覆盖新状态
-- +goose Up
ALTER TABLE message_logs ADD COLUMN updated_at DATETIME NULL;
