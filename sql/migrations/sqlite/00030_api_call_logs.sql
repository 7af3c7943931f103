-- API调用日志表
-- +goose Up
CREATE TABLE api_call_logs (
    log_id           VARCHAR(64) NOT NULL PRIMARY KEY, -- 日志ID（UUIDv7）
    session_id       VARCHAR(64) NULL, -- 会话ID
    api_endpoint     VARCHAR(200) NOT NULL, -- API端点（路由模板）
    request_method   VARCHAR(10) NOT NULL, -- 请求方法
    request_params   TEXT NULL, -- 请求参数（已脱敏）
    response_status  INT NULL, -- 响应状态码
    response_data    TEXT NULL, -- 响应数据（已脱敏并截断）
    response_time_ms INT NULL, -- 响应时间毫秒
    error_message    TEXT NULL, -- 错误信息
    called_at        DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f+00:00', 'now')) -- 调用时间（UTC）
);
