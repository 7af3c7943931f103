-- 发起方（session会话、service服务密钥、event业务事件）
-- +goose Up
ALTER TABLE message_logs ADD COLUMN sender VARCHAR(64) NULL;
