-- +goose Up
CREATE TABLE IF NOT EXISTS erp_bindings (
    binding_id   VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT '绑定ID',
    session_id   VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT '会话ID',
    erp_username VARCHAR(100) NOT NULL COMMENT 'ERP用户名',
    company_id   VARCHAR(50) NULL COMMENT '企业ID',
    company_name VARCHAR(200) NULL COMMENT '企业名称',
    bound_at     DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) COMMENT '绑定时间（UTC）',
    is_valid     BOOLEAN NOT NULL DEFAULT TRUE COMMENT '是否有效',
    PRIMARY KEY (binding_id),
    INDEX idx_session_id (session_id),
    INDEX idx_erp_username (erp_username)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='ERP绑定关系表';
