-- 消息发送日志表
-- +goose Up
CREATE TABLE message_logs (
    msg_id       VARCHAR(64) NOT NULL PRIMARY KEY, -- 消息ID
    session_id   VARCHAR(64) NOT NULL, -- 会话ID
    template_id  VARCHAR(100) NOT NULL, -- 模板ID
    msg_content  TEXT NULL, -- 消息内容（已脱敏）
    msg_status   VARCHAR(20) NOT NULL DEFAULT 'sent', -- 发送状态
    sent_at      DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f+00:00', 'now')), -- 发送时间（UTC）
    error_detail TEXT NULL -- 错误详情
);
