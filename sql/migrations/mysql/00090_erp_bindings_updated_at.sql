-- +goose Up
ALTER TABLE erp_bindings
    ADD COLUMN updated_at DATETIME(3) NULL COMMENT '状态变更时间（UTC），旧状态不覆盖新状态',
    ADD INDEX idx_valid_updated (is_valid, updated_at);
