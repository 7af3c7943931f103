-- +goose Up
CREATE TABLE IF NOT EXISTS message_logs (
    msg_id       VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT '消息ID',
    session_id   VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT '会话ID',
    template_id  VARCHAR(100) NOT NULL COMMENT '模板ID',
    msg_content  TEXT NULL COMMENT '消息内容（已脱敏）',
    msg_status   VARCHAR(20) NOT NULL DEFAULT 'sent' COMMENT '发送状态',
    sent_at      DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) COMMENT '发送时间（UTC）',
    error_detail TEXT NULL COMMENT '错误详情',
    PRIMARY KEY (msg_id),
    INDEX idx_session_id (session_id),
    INDEX idx_template_id (template_id),
    INDEX idx_sent_at (sent_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='消息发送日志表';
