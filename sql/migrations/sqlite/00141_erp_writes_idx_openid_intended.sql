-- +goose Up
CREATE INDEX erp_writes_idx_openid_intended ON erp_writes (openid, intended_at);
