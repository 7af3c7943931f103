-- 审计哈希链清理锚点表
-- +goose Up
CREATE TABLE audit_anchors (
    chain_id   CHAR(32) NOT NULL PRIMARY KEY, -- 哈希链ID
    seq        BIGINT NOT NULL, -- 到期清理的最后一行的链内序号
    hash       CHAR(64) NOT NULL, -- 到期清理的最后一行的哈希
    removed_at DATETIME NOT NULL -- 清理时间（UTC）
);
