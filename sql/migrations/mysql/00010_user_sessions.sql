-- One DDL statement per file: MySQL commits each DDL by itself, so a file with two could stop half way.
-- IF NOT EXISTS heals a process that died between the CREATE and the note of it.
-- Ids compare byte for byte (utf8mb4_bin): openids differ in letter case alone, and both servers' defaults ignore it.
-- Times are UTC, kept as DATETIME(3): TIMESTAMP has whole seconds and ends in 2038.
-- +goose Up
CREATE TABLE IF NOT EXISTS user_sessions (
    session_id  VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT '会话ID（令牌的哈希，不是令牌本身）',
    openid      VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT '微信openid（脱敏后的代号）',
    session_key VARCHAR(128) NULL COMMENT '微信会话密钥（密封形式，可为空）',
    unionid     VARCHAR(100) NULL COMMENT '微信unionid（脱敏后的代号）',
    created_at  DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) COMMENT '创建时间（UTC）',
    expires_at  DATETIME(3) NOT NULL COMMENT '过期时间（UTC）',
    is_active   BOOLEAN NOT NULL DEFAULT TRUE COMMENT '是否有效',
    PRIMARY KEY (session_id),
    INDEX idx_openid (openid),
    INDEX idx_expires_at (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='用户会话表';
