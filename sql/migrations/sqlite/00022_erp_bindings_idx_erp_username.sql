-- +goose Up
CREATE INDEX erp_bindings_idx_erp_username ON erp_bindings (erp_username);
