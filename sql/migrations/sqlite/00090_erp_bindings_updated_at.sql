-- 状态变更时间（UTC），旧状态不覆盖新状态
-- +goose Up
ALTER TABLE erp_bindings ADD COLUMN updated_at DATETIME NULL;
