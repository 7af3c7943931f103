-- ERP写入意图表
-- +goose Up
CREATE TABLE erp_writes (
    key_hash      VARCHAR(64) NOT NULL PRIMARY KEY, -- 写入意图ID（幂等键的哈希）
    openid        VARCHAR(64) NULL, -- 微信openid（脱敏后的代号，注销后清空）
    session_id    VARCHAR(64) NULL, -- 会话ID
    op            VARCHAR(32) NOT NULL, -- 操作（record_stock出入库、create_order建单、approve同意、reject驳回）
    reference     VARCHAR(100) NULL, -- 操作对象（商品、单据等的ID）
    operator      VARCHAR(100) NULL, -- 操作人（客户端提交，注销后清空）
    erp_username  VARCHAR(100) NULL, -- ERP用户名（注销后清空）
    params        TEXT NULL, -- 写入参数（已脱敏，注销后清空）
    state         VARCHAR(16) NOT NULL DEFAULT 'intended', -- 状态（intended待写、done已写、failed失败、unknown未知）
    erp_record_id VARCHAR(100) NULL, -- ERP记录ID
    error_message TEXT NULL, -- 错误信息
    request_id    VARCHAR(64) NULL, -- 请求ID
    intended_at   DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f+00:00', 'now')), -- 意图记录时间（UTC）
    updated_at    DATETIME NULL -- 状态变更时间（UTC），旧状态不覆盖新状态
);
