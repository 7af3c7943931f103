-- 处理请求的网关副本
-- +goose Up
ALTER TABLE api_call_logs ADD COLUMN replica VARCHAR(64) NULL;
