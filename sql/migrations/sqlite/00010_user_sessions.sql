-- 用户会话表
-- One DDL statement per file, as for MySQL; a table has the number it has there, its indexes the numbers behind it.
-- Index names are one namespace per database here, hence the table in front.
-- +goose Up
CREATE TABLE user_sessions (
    session_id  VARCHAR(64) NOT NULL PRIMARY KEY, -- 会话ID（令牌的哈希，不是令牌本身）
    openid      VARCHAR(100) NOT NULL, -- 微信openid（脱敏后的代号）
    session_key VARCHAR(128) NULL, -- 微信会话密钥（密封形式，可为空）
    unionid     VARCHAR(100) NULL, -- 微信unionid（脱敏后的代号）
    created_at  DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f+00:00', 'now')), -- 创建时间（UTC）
    expires_at  DATETIME NOT NULL, -- 过期时间（UTC）
    is_active   BOOLEAN NOT NULL DEFAULT TRUE -- 是否有效
);
