-- 状态变更时间（UTC），旧状态不覆盖新状态
-- +goose Up
ALTER TABLE user_sessions ADD COLUMN updated_at DATETIME NULL;
