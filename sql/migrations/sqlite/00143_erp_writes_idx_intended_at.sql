-- +goose Up
CREATE INDEX erp_writes_idx_intended_at ON erp_writes (intended_at);
