-- +goose Up
ALTER TABLE message_logs
    ADD COLUMN updated_at DATETIME(3) NULL COMMENT '状态变更时间（UTC），旧状态不覆盖新状态';
