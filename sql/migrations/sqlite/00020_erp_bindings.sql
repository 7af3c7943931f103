-- ERP绑定关系表
-- +goose Up
CREATE TABLE erp_bindings (
    binding_id   VARCHAR(64) NOT NULL PRIMARY KEY, -- 绑定ID
    session_id   VARCHAR(64) NOT NULL, -- 会话ID
    erp_username VARCHAR(100) NOT NULL, -- ERP用户名
    company_id   VARCHAR(50) NULL, -- 企业ID
    company_name VARCHAR(200) NULL, -- 企业名称
    bound_at     DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f+00:00', 'now')), -- 绑定时间（UTC）
    is_valid     BOOLEAN NOT NULL DEFAULT TRUE -- 是否有效
);
