-- +goose Up
ALTER TABLE user_sessions
    ADD COLUMN updated_at DATETIME(3) NULL COMMENT '状态变更时间（UTC），旧状态不覆盖新状态',
    ADD INDEX idx_active_updated (is_active, updated_at);
