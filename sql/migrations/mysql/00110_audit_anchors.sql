-- +goose Up
CREATE TABLE IF NOT EXISTS audit_anchors (
    chain_id   CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT '哈希链ID',
    seq        BIGINT NOT NULL COMMENT '到期清理的最后一行的链内序号',
    hash       CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT '到期清理的最后一行的哈希',
    removed_at DATETIME(3) NOT NULL COMMENT '清理时间（UTC）',
    PRIMARY KEY (chain_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='审计哈希链清理锚点表';
