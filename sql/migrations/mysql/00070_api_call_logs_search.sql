-- One index per question an admin asks, each ending in the order of the answer (called_at, log_id): pages come out of
-- the index alone, unsorted and without touching a row. idx_chain serves verification, and through its NULLs finds old
-- rows that are in no chain. All in one ALTER, which reads a large table once.
-- +goose Up
ALTER TABLE api_call_logs
    ADD INDEX idx_openid_called (openid, called_at, log_id),
    ADD INDEX idx_session_called (session_id, called_at, log_id),
    ADD INDEX idx_request_called (request_id, called_at, log_id),
    ADD INDEX idx_status_called (response_status, called_at, log_id),
    ADD INDEX idx_endpoint_called (api_endpoint, called_at, log_id),
    ADD INDEX idx_endpoint_status_called (api_endpoint, response_status, called_at, log_id),
    ADD INDEX idx_chain (chain_id, chain_seq, called_at, log_id);
