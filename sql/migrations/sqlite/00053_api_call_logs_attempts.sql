-- ERP调用次数（含重试）
-- +goose Up
ALTER TABLE api_call_logs ADD COLUMN attempts INT NULL;
