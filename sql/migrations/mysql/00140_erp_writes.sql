-- +goose Up
CREATE TABLE IF NOT EXISTS erp_writes (
    key_hash      VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT '写入意图ID（幂等键的哈希）',
    openid        VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT '微信openid（脱敏后的代号，注销后清空）',
    session_id    VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT '会话ID',
    op            VARCHAR(32) NOT NULL COMMENT '操作（record_stock出入库、create_order建单、approve同意、reject驳回）',
    reference     VARCHAR(100) NULL COMMENT '操作对象（商品、单据等的ID）',
    operator      VARCHAR(100) NULL COMMENT '操作人（客户端提交，注销后清空）',
    erp_username  VARCHAR(100) NULL COMMENT 'ERP用户名（注销后清空）',
    params        TEXT NULL COMMENT '写入参数（已脱敏，注销后清空）',
    state         VARCHAR(16) NOT NULL DEFAULT 'intended' COMMENT '状态（intended待写、done已写、failed失败、unknown未知）',
    erp_record_id VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT 'ERP记录ID',
    error_message TEXT NULL COMMENT '错误信息',
    request_id    VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT '请求ID',
    intended_at   DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) COMMENT '意图记录时间（UTC）',
    updated_at    DATETIME(3) NULL COMMENT '状态变更时间（UTC），旧状态不覆盖新状态',
    PRIMARY KEY (key_hash),
    INDEX idx_openid_intended (openid, intended_at),
    INDEX idx_session_id (session_id),
    INDEX idx_intended_at (intended_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='ERP写入意图表';
