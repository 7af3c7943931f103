-- Every column may be NULL: the version before this one goes on writing its rows while replicas are replaced.
-- All of it is one ALTER: both servers do it wholly or not at all, so "duplicate column" means all of it is there.
-- +goose Up
ALTER TABLE api_call_logs
    ADD COLUMN request_id  VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT '请求ID',
    ADD COLUMN replica     VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT '处理请求的网关副本',
    ADD COLUMN source      VARCHAR(16) NULL COMMENT '数据来源（live实时、standby备用通道、stale旧数据）',
    ADD COLUMN attempts    INT NULL COMMENT 'ERP调用次数（含重试）',
    ADD COLUMN erp_time_ms INT NULL COMMENT 'ERP耗时毫秒',
    ADD COLUMN openid      VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT '微信openid（脱敏后的代号，注销后清空）',
    ADD COLUMN chain_id    CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT '哈希链ID',
    ADD COLUMN chain_seq   BIGINT NULL COMMENT '链内序号',
    ADD COLUMN chain_prev  CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT '前一行的哈希',
    ADD COLUMN chain_hash  CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT '本行的哈希';
