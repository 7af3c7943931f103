-- +goose Up
CREATE TABLE IF NOT EXISTS api_call_logs (
    log_id           VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT '日志ID（UUIDv7）',
    session_id       VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT '会话ID',
    api_endpoint     VARCHAR(200) NOT NULL COMMENT 'API端点（路由模板）',
    request_method   VARCHAR(10) NOT NULL COMMENT '请求方法',
    request_params   TEXT NULL COMMENT '请求参数（已脱敏）',
    response_status  INT NULL COMMENT '响应状态码',
    response_data    TEXT NULL COMMENT '响应数据（已脱敏并截断）',
    response_time_ms INT NULL COMMENT '响应时间毫秒',
    error_message    TEXT NULL COMMENT '错误信息',
    called_at        DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) COMMENT '调用时间（UTC）',
    PRIMARY KEY (log_id),
    INDEX idx_session_id (session_id),
    INDEX idx_api_endpoint (api_endpoint),
    INDEX idx_called_at (called_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='API调用日志表';
