-- 数据来源（live实时、standby备用通道、stale旧数据）
-- +goose Up
ALTER TABLE api_call_logs ADD COLUMN source VARCHAR(16) NULL;
