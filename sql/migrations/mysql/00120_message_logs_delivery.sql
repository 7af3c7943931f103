-- Every column may be NULL, as in 00050: the version before this one knows none of them.
-- +goose Up
ALTER TABLE message_logs
    ADD COLUMN openid      VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT '接收者openid（脱敏后的代号，注销后清空）',
    ADD COLUMN sender      VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT '发起方（session会话、service服务密钥、event业务事件）',
    ADD COLUMN attempts    INT NULL COMMENT '已发送次数（含重试）',
    ADD COLUMN err_code    INT NULL COMMENT '微信错误码（0为无）',
    ADD COLUMN wx_msg_id   VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT '微信消息ID',
    ADD COLUMN reason      VARCHAR(200) NULL COMMENT '状态原因',
    ADD COLUMN request_id  VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT '受理请求ID',
    ADD COLUMN accepted_at DATETIME(3) NULL COMMENT '受理时间（UTC）';
